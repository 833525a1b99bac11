"""The inbox's SQLite file: its schema, how it is opened, and how it is changed.

WAL with `synchronous = NORMAL`: what was answered 2xx survives the death of every process, and the last
moments before a power cut may be lost. A server holds it open; commands that invite people open it beside.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nbalert.errors import StoreError, StoreUnfit
from nbalert.home import private_file, private_folder, refuse_writable
from nbalert.unfit import is_damage

BUSY_MS = 5000

_FIRST = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO facts VALUES ('change', 0), ('id', lower(hex(randomblob(4))));

CREATE TABLE messages (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of arrival
    id         TEXT NOT NULL UNIQUE,               -- random: knowing one tells no other
    sender     TEXT NOT NULL,
    key        TEXT NOT NULL,                      -- the sender's idempotency key
    change     INTEGER NOT NULL,                   -- grows with every change of anything; one each
    is_open    INTEGER NOT NULL,                   -- asks, and no decision came yet
    body       TEXT NOT NULL,                      -- Message.to_json() without the images' data
    brief      TEXT,                               -- the same with long parts cut; NULL where nothing is long
    UNIQUE (sender, key)
);
CREATE UNIQUE INDEX messages_change ON messages (change);
CREATE INDEX messages_open ON messages (number) WHERE is_open;

CREATE TABLE images (
    message INTEGER NOT NULL REFERENCES messages, place INTEGER NOT NULL,
    mime TEXT NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (message, place)
);

CREATE TABLE replies (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL REFERENCES messages, sender TEXT NOT NULL,
    person TEXT NOT NULL, text TEXT NOT NULL, way TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX replies_message ON replies (message, number);
CREATE INDEX replies_sender ON replies (sender, number);

-- Of codes, sessions and tokens only hashes are kept. `id` is the public half that finds the row.
CREATE TABLE people (name TEXT PRIMARY KEY, invited_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE codes (id TEXT PRIMARY KEY, hash TEXT NOT NULL, person TEXT NOT NULL, ends_at REAL NOT NULL)
    WITHOUT ROWID;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, hash TEXT NOT NULL, person TEXT NOT NULL, ends_at REAL NOT NULL,
    host TEXT NOT NULL                             -- the Host it was opened through
) WITHOUT ROWID;
CREATE TABLE senders (id TEXT PRIMARY KEY, hash TEXT NOT NULL, name TEXT NOT NULL) WITHOUT ROWID;
"""
_ASIDES = """
CREATE TABLE notices (
    message INTEGER NOT NULL REFERENCES messages,
    reply   INTEGER NOT NULL REFERENCES replies,   -- why it does not count; only its person sees that
    text TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (message, reply)
) WITHOUT ROWID;
CREATE TABLE reminders (
    message INTEGER NOT NULL REFERENCES messages, key TEXT NOT NULL,
    title TEXT NOT NULL, mention TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (message, key)
) WITHOUT ROWID;
"""

_FINDING = """
CREATE TABLE facets (                              -- what messages are filtered by
    message INTEGER PRIMARY KEY REFERENCES messages,
    level TEXT NOT NULL, notebook TEXT NOT NULL, person TEXT NOT NULL
);
CREATE INDEX facets_level ON facets (level, message);
CREATE INDEX facets_notebook ON facets (notebook, message);
CREATE INDEX facets_person ON facets (person, message);
CREATE VIRTUAL TABLE words USING fts5 (text, prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO facts SELECT 'unfiled', ifnull(max(number), 0) FROM messages; -- up to here they are filed later
"""

_SEEN = """
CREATE TABLE seen (person TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID; -- the last they saw
"""

STEPS = (_FIRST, _ASIDES, _FINDING, _SEEN)
"""Each takes a file from one version to the next. What was released is never changed, only added to."""
VERSION = len(STEPS)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, and make it if there is none: 0600, in a folder of 0700.

    Raises:
        StoreUnfit: It is not an inbox, damaged, or a newer nbalert wrote it.
        StoreError: It cannot be used for another reason.
        SettingsError: Folder or file belongs to somebody else, or somebody else can write it.
    """
    private_folder(path.parent)
    refuse_writable(path, by_group=False)
    with translated(path):
        private_file(path)
        database = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
        try:
            _prepare(database, path)
        except BaseException:
            database.close()
            raise
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Everything inside, or nothing.

    Raises:
        StoreError: The disk is full, or the file is damaged.
    """
    with translated():
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.OperationalError):  # SQLite has rolled back already: full, or damaged
                database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")


@contextmanager
def translated(path: Path | None = None) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        kind = StoreUnfit if is_damage(error) else StoreError
        raise kind(f"the inbox's file{f' {path}' if path else ''}: {error}") from error


def next_change(database: sqlite3.Connection) -> int:
    """The number of a change that is being made. The caller holds a transaction."""
    found = database.execute("UPDATE facts SET value = value + 1 WHERE name = 'change' RETURNING value")
    return int(found.fetchall()[0][0])


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    database.execute("PRAGMA synchronous = NORMAL")
    if database.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        database.execute("PRAGMA journal_mode = WAL")
    if _version(database) < VERSION:
        with transaction(database):
            # Asked again: another process may have been faster.
            for number, step in list(enumerate(STEPS, 1))[_version(database) :]:
                for statement in _statements(step):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {number}")
    if _version(database) > VERSION:
        raise StoreUnfit(f"{path} was written by a newer nbalert; upgrade this one")


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _statements(step: str) -> Iterator[str]:
    """A step's statements one by one: `executescript` would commit behind our back."""
    statement = ""
    for line in step.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
