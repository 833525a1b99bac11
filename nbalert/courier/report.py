"""What the store and the line say to a reader: status and history, as plain values for JSON."""

from __future__ import annotations

from typing import Any

from nbalert.courier.attendance import Attendance
from nbalert.courier.store import Store
from nbalert.home import Home
from nbalert.spool import Spool
from nbalert.unfit import files_aside

_IS_KEPT_BACK = "(r.verdict = 'digested' OR r.rule = 'silence' OR r.rule LIKE 'silence --%')"


def status(home: Home, store: Store, spool: Spool, attendance: Attendance) -> dict[str, Any]:
    """Who is on the line, what waits, and why.

    Returns:
        `present`: processes, oldest first; `waiting`: a row a project and channel, with count, oldest
        `accepted_at`, next try and reason; `questions`: open ones, oldest first; `failed`: newest 20
        deliveries given up; `spooled` and `unreadable`: counts of files; `aside`: files of the home that
        could not be read.
    """
    present = [
        {"pid": p.pid, "notebook": p.notebook, "project": p.project, "since": p.since}
        for p in sorted(attendance, key=lambda p: p.since)
    ]
    waiting = store.rows(
        # Bare columns beside min() are those of the row that has the minimum (SQLite, "Bare columns").
        "SELECT min(d.seq), d.project, d.channel, count(*) AS count, m.accepted_at, d.next_attempt_at,"
        " d.attempts, d.error AS reason FROM delivery d JOIN message m ON m.id = d.message"
        " WHERE d.state = 'waiting' GROUP BY d.project, d.channel ORDER BY m.accepted_at"
    )
    questions = store.rows(
        "SELECT q.id, m.title, m.accepted_at, q.expires_at FROM question q JOIN message m ON m.id = q.message"
        " WHERE q.decision IS NULL ORDER BY m.accepted_at"
    )
    failed = store.rows(
        "SELECT d.channel, m.title, d.error, d.settled_at FROM delivery d JOIN message m ON m.id = d.message"
        " WHERE d.state = 'failed' ORDER BY d.seq DESC LIMIT 20"
    )
    return {
        "present": present,
        "waiting": [dict(row) for row in waiting],
        "questions": [dict(row) for row in questions],
        "failed": [dict(row) for row in failed],
        "spooled": spool.count(),
        "unreadable": len(spool.unreadable()),
        "aside": [str(path) for path in files_aside(home.root)],
    }


def history(store: Store, limit: int, *, is_failed: bool = False) -> list[dict[str, Any]]:
    """The newest messages with their deliveries and decisions, oldest first.

    Args:
        is_failed: Only those that were given up somewhere, or are kept until a channel is mended.
    """
    # Progress is shown by what it has become; what nobody was told, as nothing had changed, is not shown.
    told = (
        "NOT EXISTS (SELECT 1 FROM progress WHERE progress.message = message.id AND final != '')"
        " AND (EXISTS (SELECT 1 FROM delivery WHERE delivery.message = message.id)"
        f" OR EXISTS (SELECT 1 FROM routed r WHERE r.message = message.id AND {_IS_KEPT_BACK}))"
    )
    stuck = "id IN (SELECT message FROM delivery WHERE kind = 'post' AND error != '')"
    # Few are stuck: they are looked up and put in order. Of the others the newest are read first.
    which = f"{stuck} ORDER BY +accepted_at" if is_failed else f"{told} ORDER BY accepted_at"
    newest = f"(SELECT * FROM message WHERE {which} DESC LIMIT ?) m"
    rows = store.rows(
        "SELECT m.id, m.title, m.accepted_at, json_extract(m.body, '$.level') AS level, d.channel, d.state,"
        f" d.attempts, d.error, d.settled_at, q.decision, q.body_outcome FROM {newest}"
        " LEFT JOIN delivery d ON d.message = m.id AND d.kind = 'post'"
        " LEFT JOIN question q ON q.message = m.id ORDER BY m.accepted_at, d.seq",
        limit,
    )
    if is_failed:
        return [dict(row) for row in rows if row["error"]]
    kept_back = _kept_back(store, newest, limit)
    named = {row["id"] for row in kept_back}
    shown = [dict(row) for row in rows if row["state"] or row["id"] not in named]
    return sorted([*shown, *kept_back], key=lambda row: row["accepted_at"])


def _kept_back(store: Store, newest: str, limit: int) -> list[dict[str, Any]]:
    """What went into a digest, or was silenced, as rows like those of deliveries; `error` is the rule."""
    rows = store.rows(
        "SELECT m.id, m.title, m.accepted_at, json_extract(m.body, '$.level') AS level, r.channel,"
        " r.verdict AS state, 0 AS attempts, r.rule AS error, NULL AS settled_at, NULL AS decision,"
        f" NULL AS body_outcome FROM {newest} JOIN routed r ON r.message = m.id WHERE {_IS_KEPT_BACK}",
        limit,
    )
    return [dict(row) for row in rows]
