"""What was said in the inbox: messages, their pictures, and replies.

Every change gives its message a new, higher `change`: "what is new since N" is one indexed query that can be
asked again after any pause, so that nobody keeps a queue.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nbalert.inbox import asides, finding
from nbalert.inbox.database import connect, next_change, transaction, translated
from nbalert.inbox.entry import Entry, body_of, columns
from nbalert.inbox.finding import EVERYTHING, Filters
from nbalert.message import Image, Message
from nbalert.policy import Reply


class Archive:
    """The messages of one inbox. Used from one thread.

    Args:
        path: The inbox's SQLite file; made if there is none.
        is_power_safe: Whether what is kept also survives a power cut.
    """

    def __init__(self, path: Path, *, is_power_safe: bool = False) -> None:
        self._database = connect(path)
        if is_power_safe:
            self._database.execute("PRAGMA synchronous = FULL")
        self._database.row_factory = sqlite3.Row

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @property
    def last_change(self) -> int:
        """The highest `change` so far."""
        return self._number("SELECT value FROM facts WHERE name = 'change'")

    @property
    def last_reply(self) -> int:
        """The highest number of a reply so far."""
        return self._number("SELECT ifnull(max(number), 0) FROM replies")

    def post(self, sender: str, key: str, message: Message) -> str:
        """Keep a message; the same sender and key again change nothing.

        Returns:
            The message's id.
        """
        id_, body = secrets.token_urlsafe(12), body_of(message)
        with transaction(self._database):
            known = self._database.execute(
                "SELECT id FROM messages WHERE sender = ? AND key = ?", (sender, key)
            ).fetchone()
            if known:
                return str(known["id"])
            number = self._database.execute(
                "INSERT INTO messages (id, sender, key, change, is_open, body, brief) VALUES (?,?,?,?,?,?,?)",
                (id_, sender, key, next_change(self._database), *columns(body)),
            ).lastrowid
            self._put_images(number, message.images)
            finding.file(self._database, number, body)
        return id_

    def update(self, sender: str, id_: str, message: Message) -> bool:
        """Put a newer version in place; False if this sender has no such message."""
        body = body_of(message)
        with transaction(self._database):
            number = self._mine(sender, id_)
            if number is None:
                return False
            self._database.execute(
                "UPDATE messages SET change = ?, is_open = ?, body = ?, brief = ? WHERE number = ?",
                (next_change(self._database), *columns(body), number),
            )
            self._database.execute("DELETE FROM images WHERE message = ?", (number,))
            self._put_images(number, message.images)
            finding.file(self._database, number, body)
        return True

    def reply(self, entry: Entry, person: str, text: str, way: str) -> Reply:
        """Keep an answer; its time is now."""
        at = datetime.now(UTC)
        with transaction(self._database):
            number = self._database.execute(
                "INSERT INTO replies (message, sender, person, text, way, at) VALUES (?, ?, ?, ?, ?, ?)",
                (entry.number, entry.sender, person, text, way, at.isoformat()),
            ).lastrowid
            self._touch(entry.number)
        return Reply(reference=str(number), person=person, name=person, text=text, way=way, at=at)

    def respond(self, sender: str, id_: str, reply: str, text: str) -> bool:
        """Keep a line to the person of an answer; False if this sender has no such message or answer."""
        return self._aside(sender, id_, lambda number: asides.add_notice(self._database, number, reply, text))

    def remind(self, sender: str, id_: str, key: str, title: str, mention: Sequence[str]) -> bool:
        """Keep a reminder of a question, once a key; False if this sender has no such message."""

        def add(number: int) -> bool:
            asides.add_reminder(self._database, number, key, title, mention)
            return True

        return self._aside(sender, id_, add)

    def entry(self, id_: str) -> Entry | None:
        """One message, whole."""
        found = self._entries("SELECT *, body AS shown FROM messages WHERE id = ?", (id_,))
        return found[0] if found else None

    def before(self, number: int | None, limit: int, filters: Filters = EVERYTHING) -> list[Entry]:
        """The messages before one, or the newest; oldest first, long parts cut. Filtered: those that fit."""
        values: list[object] = [2**62 if number is None else number, limit]
        rule = "number < ? ORDER BY number DESC LIMIT ?"
        if filters:
            numbers, values = finding.query(filters, 2**62 if number is None else number, limit)
            rule = f"number IN ({numbers}) ORDER BY number DESC"
        query = f"SELECT *, ifnull(brief, body) AS shown FROM messages WHERE {rule}"
        return self._entries(query, values)[::-1]

    def seen(self, person: str) -> int | None:
        """The number of the last message that somebody has seen; None if they were never here."""
        with translated():
            row = self._database.execute("SELECT number FROM seen WHERE person = ?", (person,)).fetchone()
        return int(row["number"]) if row else None

    def see(self, person: str, number: int) -> None:
        """Somebody has seen everything up to a message. Nothing seen becomes unseen again."""
        with transaction(self._database):
            self._database.execute(
                "INSERT INTO seen SELECT ?, min(?, ifnull(max(number), 0)) FROM messages WHERE true"
                " ON CONFLICT DO UPDATE SET number = max(number, excluded.number)",
                (person, number),
            )

    def names(self) -> dict[str, list[str]]:
        """What there is to filter by."""
        with translated():
            return {
                "notebooks": finding.names(self._database, "notebook"),
                "people": finding.names(self._database, "person"),
            }

    @property
    def unfiled(self) -> int:
        """How many old messages, at most, a filter does not find yet."""
        with translated():
            return finding.unfiled(self._database)

    def file_older(self, limit: int) -> int:
        """Make some more of them findable; how many there may be left."""
        with transaction(self._database):
            return finding.file_older(self._database, limit)

    def open(self, limit: int) -> list[Entry]:
        """The newest questions without a decision, oldest first."""
        found = self._entries(
            "SELECT *, ifnull(brief, body) AS shown FROM messages WHERE is_open ORDER BY number DESC LIMIT ?",
            (limit,),
        )
        return found[::-1]

    def changed(self, after: int, limit: int) -> list[Entry]:
        """Messages that changed later than `after`, in order of their last change; long parts cut."""
        return self._entries(
            "SELECT *, ifnull(brief, body) AS shown FROM messages WHERE change > ? ORDER BY change LIMIT ?",
            (after, limit),
        )

    def image(self, id_: str, place: int) -> Image | None:
        """One picture of a message, counted from 0."""
        with translated():
            row = self._database.execute(
                "SELECT mime, name, data FROM images WHERE place = ?"
                " AND message = (SELECT number FROM messages WHERE id = ?)",
                (place, id_),
            ).fetchone()
        return Image(row["data"], row["mime"], row["name"]) if row else None

    def replies(self, sender: str, id_: str) -> list[Reply] | None:
        """Answers to a sender's message, oldest first; None if this sender has no such message."""
        with translated():
            number = self._mine(sender, id_)
        return None if number is None else list(self._replies([number]).get(number, ()))

    def replies_after(self, sender: str, number: int, limit: int) -> list[tuple[str, Reply]]:
        """Later answers to any message of a sender, with the message's id, oldest first."""
        with translated():
            rows = self._database.execute(
                "SELECT r.*, m.id AS id FROM replies r JOIN messages m ON m.number = r.message"
                " WHERE r.sender = ? AND r.number > ? ORDER BY r.number LIMIT ?",
                (sender, number, limit),
            ).fetchall()
        return [(row["id"], _reply(row)) for row in rows]

    def _entries(self, query: str, values: Sequence[object]) -> list[Entry]:
        with translated():
            rows = self._database.execute(query, values).fetchall()
            numbers = [row["number"] for row in rows]
            replies = self._replies(numbers)
            notices = asides.notices(self._database, numbers)
            reminders = asides.reminders(self._database, numbers)
        return [
            Entry(
                number=row["number"],
                id=row["id"],
                sender=row["sender"],
                change=row["change"],
                is_open=bool(row["is_open"]),
                message=json.loads(row["shown"]),
                replies=tuple(replies.get(row["number"], ())),
                notices=tuple(notices.get(row["number"], ())),
                reminders=tuple(reminders.get(row["number"], ())),
            )
            for row in rows
        ]

    def _replies(self, numbers: list[int]) -> dict[int, list[Reply]]:
        found: dict[int, list[Reply]] = {}
        marks = ",".join("?" * len(numbers))
        for row in self._database.execute(
            f"SELECT * FROM replies WHERE message IN ({marks}) ORDER BY message, number", numbers
        ):
            found.setdefault(row["message"], []).append(_reply(row))
        return found

    def _aside(self, sender: str, id_: str, add: Callable[[int], bool]) -> bool:
        with transaction(self._database):
            number = self._mine(sender, id_)
            if number is None or not add(number):
                return False
            self._touch(number)
        return True

    def _touch(self, number: int) -> None:
        self._database.execute(
            "UPDATE messages SET change = ? WHERE number = ?", (next_change(self._database), number)
        )

    def _mine(self, sender: str, id_: str) -> int | None:
        row = self._database.execute(
            "SELECT number FROM messages WHERE id = ? AND sender = ?", (id_, sender)
        ).fetchone()
        return int(row["number"]) if row else None

    def _number(self, query: str) -> int:
        with translated():
            return int(self._database.execute(query).fetchall()[0][0])

    def _put_images(self, number: int | None, images: Iterable[Image]) -> None:
        self._database.executemany(
            "INSERT INTO images VALUES (?, ?, ?, ?, ?)",
            ((number, place, i.mime, i.name, i.data) for place, i in enumerate(images)),
        )


def _reply(row: sqlite3.Row) -> Reply:
    return Reply(
        reference=str(row["number"]),
        person=row["person"],
        name=row["person"],
        text=row["text"],
        way=row["way"],
        at=datetime.fromisoformat(row["at"]),
    )
