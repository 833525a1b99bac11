from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nbalert.courier.schema import MIGRATIONS, SCHEMA_VERSION, migrate, version_of

FILLED = (
    "INSERT INTO message VALUES ('m', 1.5, 'o', 'p', 'Deploy?', '{}'), ('n', 2.5, 'o', 'p', 'x', '{}')",
    "INSERT INTO delivery VALUES (3, 'm', 'p', 'ci', 'post', 'delivered', 2, 1, 7.5, 'was down', '{}', 9.5)",
    "INSERT INTO delivery VALUES (8, 'm', 'p', 'ci', 'update', 'waiting', 0, 0, 0, '', NULL, NULL)",
    "INSERT INTO question VALUES ('q', 'm', 'o', '{}', 99.5, NULL, NULL, NULL)",
    "INSERT INTO question VALUES ('r', 'n', 'o', '{}', 50, '{}', 'approved', 'run')",
    "INSERT INTO reply VALUES (4, 'q', 'ci', 'r1', '{}')",
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file with the tables and rows of version 1."""
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        for statement in (*MIGRATIONS[0], *FILLED, "PRAGMA user_version = 1"):
            db.execute(statement)
        yield db


def tables(db: sqlite3.Connection) -> list[tuple[str]]:
    """The tables, indexes and triggers of a file."""
    return db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


def test_rows_of_version_1_are_kept(db: sqlite3.Connection) -> None:
    """Every row stands as it did, open questions keep their end, and new rows go on with the numbers."""
    migrate(db)
    assert version_of(db) == SCHEMA_VERSION
    assert db.execute("SELECT * FROM delivery ORDER BY seq").fetchall() == [
        (3, "m", "p", "ci", "post", "", "delivered", 2, 1, 7.5, "was down", "{}", 9.5),
        (8, "m", "p", "ci", "update", "", "waiting", 0, 0, 0, "", None, None),
    ]
    assert db.execute("SELECT id, outcome, consumed_by, body_outcome FROM question").fetchall() == [
        ("q", None, None, None),
        ("r", "approved", "run", None),
    ]
    assert db.execute("SELECT * FROM reply").fetchall() == [(4, "q", "ci", "r1", "{}")]
    assert db.execute("SELECT * FROM due").fetchall() == [("q", "end", 99.5, "", None)]
    db.execute("INSERT INTO delivery (message, project, channel, kind) VALUES ('n', 'p', 'ci', 'remind')")
    assert db.execute("SELECT max(seq) FROM delivery").fetchone() == (9,)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_migrated_file_has_the_tables_of_a_new_one(db: sqlite3.Connection) -> None:
    """Whatever the file's age, the code meets the same tables."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as new:
        migrate(new)
        migrate(db)
        assert tables(db) == tables(new)


def test_a_step_that_fails_leaves_the_file_as_it_was(db: sqlite3.Connection) -> None:
    """All statements or none: a full disk in the middle costs nothing."""
    before = tables(db)
    broken = ("CREATE TABLE one_more (x)", "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
        migrate(db, (*MIGRATIONS, broken))
    assert (version_of(db), tables(db)) == (1, before)
    assert db.execute("SELECT count(*) FROM delivery").fetchone() == (2,)


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE audit SET entry = '{}' WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 2",
        "INSERT OR REPLACE INTO audit VALUES (2, 'q', 'decision', '{}', '')",
        "INSERT INTO audit VALUES (0, 'q', 'asked', '{}', '')",
        "INSERT INTO audit VALUES (1, 'q', 'x', '', '') ON CONFLICT (seq) DO UPDATE SET entry = ''",
    ],
)
def test_the_trail_only_grows(attempt: str, db: sqlite3.Connection) -> None:
    """No statement alters, removes or replaces an entry, or puts one in between."""
    migrate(db)
    db.execute("INSERT INTO audit VALUES (1, 'q', 'asked', 'a', ''), (2, 'q', 'decision', 'b', '')")
    with pytest.raises(sqlite3.IntegrityError, match="the audit trail is append-only"):
        db.execute(attempt)
    assert db.execute("SELECT seq, entry FROM audit").fetchall() == [(1, "a"), (2, "b")]
