"""How a channel shows what it hears by a handler: title, first line, whom it notifies, and its look."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nbalert.durations import show_duration
from nbalert.handlers import Handler
from nbalert.matching import Change
from nbalert.message import Message
from nbalert.templates import fill


def shown(handler: Handler, message: Mapping[str, Any], change: Change, *, is_reminder: bool) -> str:
    """What is other than the message itself, as JSON; empty if nothing is.

    Args:
        is_reminder: Whether it is told again, as it goes on failing.
    """
    told = titled(handler, message, change)
    note = ""
    if handler.state_changes_only and change.is_recovery:
        note = recovery(change)
        told = told or f"Recovered: {message['title']}"
    elif is_reminder:
        note = f"Still failing after {show_duration(change.failing_s)}, {_runs(change.failing_runs + 1)}."
        told = told or f"Still failing: {message['title']}"
    parts = {
        "title": told,
        "note": note,
        "mention": handler.options.mention,
        "look": handler.options.look,
    }
    found = {name: value for name, value in parts.items() if value}
    return json.dumps(found) if found else ""


def recovery(change: Change) -> str:
    """`Recovered after 3 runs, 2 h: it was CRITICAL.`"""
    lasted = f"{_runs(change.failing_runs)}, {show_duration(change.failing_s)}"
    return f"Recovered after {lasted}: it was {change.before.name}."


def applied(message: Message, parts: str | None) -> Message:
    """A message as its channel shows it."""
    if not parts:
        return message
    found = json.loads(parts)
    return replace(
        message,
        title=found.get("title", message.title),
        text="\n".join(filter(None, (found.get("note", ""), message.text))),
        mention=tuple(found.get("mention", ())),
    )


def look_of(parts: str | None) -> dict[str, Any]:
    """What takes the place of the channel's own settings."""
    look: dict[str, Any] = json.loads(parts).get("look", {}) if parts else {}
    return look


def titled(handler: Handler, message: Mapping[str, Any], change: Change) -> str:
    """The title by the handler's template, in one line; empty where it has none."""
    if not handler.options.title:
        return ""
    return " ".join(fill(handler.options.title, _values(message, change)).split())


def _values(message: Mapping[str, Any], change: Change) -> Mapping[str, Callable[[], Any]]:
    source, ran_s = message["source"], message["duration_s"]
    return {
        "title": lambda: message["title"],
        "level": lambda: message["level"],
        "topic": lambda: message.get("topic", ""),
        "notebook": lambda: source["notebook"],
        "cell": lambda: source["cell_number"],
        "host": lambda: source["host"],
        "user": lambda: source["user"],
        "duration": lambda: "" if ran_s is None else show_duration(ran_s),
        "before": lambda: change.before.name,
        "lasted": lambda: show_duration(change.failing_s) if change.failing_s else "",
        "runs": lambda: change.failing_runs,
    }


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"
