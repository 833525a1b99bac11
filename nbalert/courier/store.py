"""The store: one SQLite file, opened by the courier alone.

    message ──▶ delivery (one a channel; kind post, later update) ──▶ receipt
       └─ question ──▶ reply…

Times are seconds since the epoch; bodies are JSON of `message.py` and `question.py`. No secret is in any row.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nbalert.errors import StoreError
from nbalert.home import private_folder

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE message (
    id TEXT PRIMARY KEY, accepted_at REAL NOT NULL, origin TEXT NOT NULL, project TEXT NOT NULL,
    title TEXT NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX message_by_time ON message (accepted_at);
CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL REFERENCES message, project TEXT NOT NULL,
    channel TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('post', 'update')),
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0, faults INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '', receipt TEXT, settled_at REAL, UNIQUE (message, channel, kind)
);
CREATE INDEX delivery_waiting ON delivery (project, channel, seq) WHERE state = 'waiting';
CREATE TABLE question (
    id TEXT PRIMARY KEY, message TEXT NOT NULL REFERENCES message, origin TEXT NOT NULL, body TEXT NOT NULL,
    expires_at REAL, decision TEXT, outcome TEXT, consumed_by TEXT
) WITHOUT ROWID;
CREATE INDEX question_open ON question (expires_at) WHERE decision IS NULL;
CREATE TABLE reply (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, question TEXT NOT NULL REFERENCES question, channel TEXT NOT NULL,
    reference TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (question, channel, reference)
);
"""


class Store:
    """An open store. One thread uses it: the courier's.

    Args:
        path: The file; made with its folder where there is none.

    Raises:
        StoreError: Unreadable, or written by a newer nbalert.
    """

    def __init__(self, path: Path) -> None:
        private_folder(path.parent)
        try:
            with suppress(FileExistsError):  # and then not opened: closing it would drop SQLite's locks on it
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._prepare(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path} cannot be used: {error}; move it away to begin a new one") from None

    def _prepare(self, path: Path) -> None:
        # NORMAL keeps every commit over a kill of the process; a power cut may cost the last ones.
        self._db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
        )
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreError(f"{path} was written by a newer nbalert; upgrade this one")
        if version == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def execute(self, sql: str, *values: Any) -> int:
        """Run a statement; how many rows it changed."""
        return self._db.execute(sql, values).rowcount

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return found

    def close(self) -> None:
        """Close; the file is whole at any time."""
        self._db.close()
