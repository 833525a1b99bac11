"""Finding messages again: by words, level, notebook and person, each an index away.

Words stand in an FTS5 index, where LIKE would read every message; the rest in columns of a narrow table.
Messages of a file that is older than both are filed later, newest first, a few at a time (`file_older`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PART_CHARS = 12_000
"""Of a longer part head and tail can be found."""
NAMES_LIMIT = 200
QUESTION = "QUESTION"
_PARTS = ("title", "text", "error", "code", "result", "traceback", "output", "topic", "alert")
_NAMED = ("level", "notebook", "person")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for; what is empty does not matter. True in a condition if anything is.

    Args:
        words: A message has to have them all, in any order, case and accent; the last may be a beginning.
        level: A level's name, or `QUESTION` for messages that ask.
        notebook: Its path.
        person: Who runs the kernel, or asks.
    """

    words: str = ""
    level: str = ""
    notebook: str = ""
    person: str = ""

    def __bool__(self) -> bool:
        return any((self.words.strip(), self.level, self.notebook, self.person))


EVERYTHING = Filters()


def file(database: sqlite3.Connection, number: int | None, body: Mapping[str, Any]) -> None:
    """Make a message findable as it is now. The caller holds a transaction."""
    named = _named(body)
    database.execute("REPLACE INTO facets VALUES (?, ?, ?, ?)", (number, *(named[name] for name in _NAMED)))
    database.execute("DELETE FROM words WHERE rowid = ?", (number,))
    text = _storable("\n".join(filter(None, _searched(body))))
    database.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (number, text))


def file_older(database: sqlite3.Connection, limit: int) -> int:
    """File the newest of the messages that never were. The caller holds a transaction.

    Returns:
        How many there may be left.
    """
    rows = database.execute(
        "SELECT number, body FROM messages WHERE number <= ? ORDER BY number DESC LIMIT ?",
        (unfiled(database), limit),
    ).fetchall()
    for number, body in rows:
        file(database, number, json.loads(body))
    left = int(rows[-1][0]) - 1 if rows else 0
    database.execute("UPDATE facts SET value = ? WHERE name = 'unfiled'", (left,))
    return left


def unfiled(database: sqlite3.Connection) -> int:
    """The number of the newest message that cannot be found yet; 0 if all can."""
    return int(database.execute("SELECT value FROM facts WHERE name = 'unfiled'").fetchone()[0])


def query(filters: Filters, before: int, limit: int) -> tuple[str, list[object]]:
    """SQL for the numbers of the newest messages that fit, and its values."""
    words = _expression(filters.words)
    named = [(name, value) for name in _NAMED if (value := getattr(filters, name))]
    number = "words.rowid" if words else "facets.message"
    tables = "words" if words else "facets"
    if words and named:
        tables = "words JOIN facets ON facets.message = words.rowid"
    rules = [
        f"{number} < ?",
        *(["words MATCH ?"] if words else []),
        *(f"facets.{name} = ?" for name, _ in named),
    ]
    values = [before, *([words] if words else []), *(value for _, value in named), limit]
    return f"SELECT {number} FROM {tables} WHERE {' AND '.join(rules)} ORDER BY {number} DESC LIMIT ?", values


def names(database: sqlite3.Connection, column: str) -> list[str]:
    """What there is to filter by in `notebook` or `person`, in order: one step in the index each."""
    rows = database.execute(
        f"WITH RECURSIVE one (name) AS (SELECT min({column}) FROM facets WHERE {column} > ''"
        f" UNION ALL SELECT (SELECT min({column}) FROM facets WHERE {column} > one.name) FROM one"
        " WHERE one.name IS NOT NULL) SELECT name FROM one WHERE name IS NOT NULL LIMIT ?",
        (NAMES_LIMIT,),
    )
    return [str(row[0]) for row in rows]


def _named(body: Mapping[str, Any]) -> dict[str, str]:
    asks, source = body["question"], body["source"]
    asker = asks.get("policy", {}).get("asker", "") if asks else ""
    return {
        "level": QUESTION if asks else str(body["level"]),
        "notebook": _storable(source.get("notebook", "")),
        "person": _storable(source.get("user", "") or asker or ""),
    }


def _searched(body: Mapping[str, Any]) -> Iterator[str]:
    asks, ended = body["question"] or {}, body["decision"] or {}
    parts = [body.get(name, "") for name in _PARTS]
    parts += [asks.get("text", ""), asks.get("code", ""), ended.get("reason", "")]
    parts += [f"{name} {value}" for name, value in body["metadata"].items()]
    parts += [str(value) for value in body["source"].values() if value]
    for part in parts:
        head, tail = part[: PART_CHARS // 2], part[PART_CHARS // 2 :]
        yield f"{head}{tail if len(tail) <= PART_CHARS // 2 else f' {tail[-PART_CHARS // 2 :]}'}"


def _expression(words: str) -> str:
    """What was typed as an FTS5 expression: each word a phrase. Only the last may go on: more are slow."""
    wanted = [word.replace('"', '""') for word in _storable(words).split() if any(map(str.isalnum, word))]
    return " ".join(f'"{word}"' for word in wanted) + "*" if wanted else ""


def _storable(text: str) -> str:
    """Halves of surrogate pairs and NULs cannot stand in SQLite's text."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()
