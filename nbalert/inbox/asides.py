"""What a question gathers beside its answers: reminders, and private lines to who has answered in vain."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """Why somebody's answer does not count; only they see it.

    Args:
        reply: The answer's reference.
        at: Aware UTC.
    """

    reply: str
    person: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reminder:
    """Somebody was reminded of a question, or asked in addition.

    Args:
        title: What was said.
        mention: Names of those who are meant; empty for all.
        at: Aware UTC.
    """

    title: str
    mention: tuple[str, ...]
    at: datetime


def add_notice(database: sqlite3.Connection, message: int, reply: str, text: str) -> bool:
    """Keep a line about an answer to this message, once each; False if there is no such answer."""
    known = database.execute("SELECT 1 FROM replies WHERE message = ? AND number = ?", (message, reply))
    if known.fetchone() is None:
        return False
    database.execute(
        "INSERT INTO notices VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (message, reply, text, _now())
    )
    return True


def add_reminder(
    database: sqlite3.Connection, message: int, key: str, title: str, mention: Sequence[str]
) -> None:
    """Keep a reminder, once a key."""
    database.execute(
        "INSERT INTO reminders VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (message, key, title, json.dumps(list(mention)), _now()),
    )


def notices(database: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, list[Notice]]:
    """Those of some messages, oldest first."""
    found = defaultdict(list)
    for row in database.execute(
        "SELECT n.*, r.person FROM notices n JOIN replies r ON r.number = n.reply"
        f" WHERE n.message IN ({_marks(numbers)}) ORDER BY n.at",
        numbers,
    ):
        at = datetime.fromisoformat(row["at"])
        found[row["message"]].append(Notice(str(row["reply"]), row["person"], row["text"], at))
    return found


def reminders(database: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, list[Reminder]]:
    """Those of some messages, oldest first."""
    found = defaultdict(list)
    for row in database.execute(
        f"SELECT * FROM reminders WHERE message IN ({_marks(numbers)}) ORDER BY at", numbers
    ):
        at, mention = datetime.fromisoformat(row["at"]), tuple(json.loads(row["mention"]))
        found[row["message"]].append(Reminder(row["title"], mention, at))
    return found


def _marks(numbers: Sequence[int]) -> str:
    return ",".join("?" * len(numbers))


def _now() -> str:
    return datetime.now(UTC).isoformat()
