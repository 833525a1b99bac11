"""Status and history as text: what `%nbalert` and the command print."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from nbalert.durations import show_duration
from nbalert.question import Decision


def status_text(status: Mapping[str, Any]) -> str:
    """Who is on the line, what waits, and why."""
    return "\n".join(_status_lines(status))


def history_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Messages with what became of them, oldest first."""
    return "\n".join(_history_line(row) for row in rows) or "nothing has been sent yet"


def failed_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """What did not arrive, each with the id by which it can be sent again."""
    return "\n".join(f"{_history_line(row)}  [{row['id']}]" for row in rows) or "everything has arrived"


def _status_lines(status: Mapping[str, Any]) -> Iterator[str]:
    courier = status["courier"]
    who = f"pid {courier['pid']} ({courier['mode']}), nbalert {courier['version']}"
    yield f"courier    {who}, inbox {courier['inbox']}"
    for present in status["present"]:
        place = present["notebook"] or "no notebook"
        project = present["project"] or "(your own settings)"
        yield f"on the line pid {present['pid']}, {place}, project {project}"
    for question in status["questions"]:
        until = f", until {_clock(question['expires_at'])}" if question["expires_at"] else ""
        yield f"asks       {question['title']!r} since {_clock(question['accepted_at'])}{until}"
    for row in status["waiting"]:
        yield _waiting_line(row)
    yield from silence_lines(status)
    for row in status.get("digests", ()):
        yield _digest_line(row)
    for row in status.get("notes", ()):  # an older courier says none
        yield f"note       {row['channel']}: {row['note']}"
    for row in status["failed"]:
        yield f"given up   {row['title']!r} for {row['channel']}: {row['error']}"
    if status["failed"]:
        yield "           nbalert retry sends again what was given up, once that is mended"
    if status["spooled"]:
        yield f"spool      {status['spooled']} not taken yet"
    if status["unreadable"]:
        yield f"spool      {status['unreadable']} unreadable, set aside in spool/unreadable"
    for path in status.get("aside", ()):
        yield f"set aside  {path}: damaged, or of a newer nbalert; a new one was begun"
    if not status["waiting"]:
        yield "nothing waits"


def silence_lines(status: Mapping[str, Any]) -> list[str]:
    """The silences of now, a line each; an older courier says none."""
    return [
        f"silenced   {row['rule']}, until {_clock(row['until'])}: {row['count']} kept quiet"
        for row in status.get("silences", ())
    ]


def kept_back_lines(rows: Sequence[Mapping[str, Any]], status: Mapping[str, Any]) -> list[str]:
    """Where an alert that was accepted is not told for now, and until when; a line a channel.

    Args:
        rows: Of the history, of one message.
        status: Of the same moment.
    """
    return [
        _silenced_line(row, status) if row["state"] == "suppressed" else _digested_line(row, status)
        for row in rows
        if row["state"] in ("suppressed", "digested")
    ]


def _silenced_line(row: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    ends = [one["until"] for one in status.get("silences", ()) if one["rule"] == row["error"]]
    until = f" until {_clock(max(ends))}" if ends else ""
    return f"silenced on {row['channel']}{until} ({row['error']})"


def _digested_line(row: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    where = row["channel"] or row["handler"]
    if row["error"] == "fold":
        return f"counted in the same alert on {where}, of another process"
    handler = row["handler"] if row["error"] == "aggregate" else ""
    place = (row["channel"], handler)
    dues = [one["due_at"] for one in status.get("digests", ()) if (one["channel"], one["handler"]) == place]
    due = f", due {_clock(dues[0])}" if handler and dues else ""
    return f"kept for the digest of {where}{due}"


def _digest_line(row: Mapping[str, Any]) -> str:
    due = f"due {_clock(row['due_at'])}" if row["due_at"] else f"due when rate = {row['rate']} has room"
    name, where = row["handler"] or "the excess", row["channel"] or "publishing"
    return f"gathers    {row['count']} for {where} ({name}) since {_clock(row['opened_at'])}, {due}"


def _waiting_line(row: Mapping[str, Any]) -> str:
    pause_s = row["next_attempt_at"] - time.time()
    again = f", next try in {show_duration(pause_s)}" if pause_s > 0 else ""
    count = row["attempts"]
    tries = f" after {count} {'try' if count == 1 else 'tries'}" if count else ""
    reason = row["reason"] or "is being sent"
    name = row["channel"] or "(default channel)"
    return f"waits      {row['count']} for {name} since {_clock(row['accepted_at'])}{tries}: {reason}{again}"


def _history_line(row: Mapping[str, Any]) -> str:
    state = row["state"] or "accepted"
    why = f" ({row['error']})" if row["error"] and state != "delivered" else ""
    ended = f" → {Decision.from_json(json.loads(row['decision'])).sentence}" if row["decision"] else ""
    ran = f"; {_ran(row['body_outcome'])}" if row["body_outcome"] else ""
    channel = row["channel"] or "(default)"
    when = _clock(row["accepted_at"])
    return f"{when}  {row['level']:<8}  {channel:<12}  {state}{why}  {row['title']}{ended}{ran}"


def _ran(outcome: str) -> str:
    return outcome if outcome.startswith("did not run") else f"ran: {outcome}"


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
