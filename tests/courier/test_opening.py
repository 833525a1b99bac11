from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nbalert.courier.office import Courier
from nbalert.courier.opening import opened_store
from nbalert.courier.schema import SCHEMA_VERSION
from nbalert.courier.store import Store
from nbalert.home import Home
from nbalert.inbox import InboxServer
from nbalert.message import Message
from nbalert.unfit import files_aside
from tests.courier.rooms import Rooms, run

STORE, INBOX = (
    f"{what} could not be read; a new one was begun" for what in ("The store", "The inbox's file")
)


def damaged(path: Path) -> None:
    """What stands behind the file's first page is gone."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xaa" * (len(content) - 4096))


def set_version(path: Path, version: int) -> None:
    """As another nbalert would have written it."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {version}")


def served(home: Home) -> list[str]:
    """Titles in the inbox of a courier that begins and ends."""

    async def begin() -> list[str]:
        courier = await Courier.open(home, "inline", asyncio.Event())
        await courier.aclose()
        inbox = InboxServer(home.inbox, owner="ann")
        await inbox.start()
        try:
            assert inbox._site is not None
            return [entry.message["title"] for entry in inbox._site.archive.before(None, 10)]
        finally:
            await inbox.stop()

    return asyncio.run(begin())


def waits(home: Home, *titles: str) -> None:
    """Messages in the store that nobody has sent yet."""

    async def accept(rooms: Rooms) -> None:
        rooms.strangers.add("o")
        for title in titles:
            rooms.accept(Message(title=title))

    run(home, accept)


def test_a_newer_store(home: Home) -> None:
    """It is set aside as it is, a new one is begun, and the inbox says so once, at however many starts."""
    waits(home, "from later")
    set_version(home.store, SCHEMA_VERSION + 1)
    assert served(home) == [STORE]
    assert len(served(home)) == 1
    (aside,) = files_aside(home.root)
    assert aside.name.startswith("store.db-")
    assert aside.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(aside)) as database:
        assert database.execute("SELECT title FROM message").fetchall() == [("from later",)]


def test_what_waits_in_a_newer_store_is_taken_up(home: Home) -> None:
    """By the next courier that can read it, once, and before nothing that came later is lost."""
    waits(home, "one", "two")
    set_version(home.store, SCHEMA_VERSION + 1)
    opened_store(home).close()
    waits(home, "three")
    (aside,) = files_aside(home.root)
    set_version(aside, SCHEMA_VERSION)
    for _ in range(2):
        store = opened_store(home)
        rows = store.rows(
            "SELECT m.title, d.state, d.channel FROM delivery d JOIN message m ON m.id = d.message"
        )
        store.close()
        assert sorted(tuple(row) for row in rows) == [
            ("one", "waiting", "ci"),
            ("three", "waiting", "ci"),
            ("two", "waiting", "ci"),
        ]
    assert files_aside(home.root) == []


@pytest.mark.parametrize("content", [b"this is no database" * 400, b"SQLite format 3\0" + b"\xff" * 8192])
def test_no_database_at_all(home: Home, content: bytes) -> None:
    """Neither file: both are set aside, and the new inbox says so of both."""
    Store(home.store).close()
    home.store.write_bytes(content)
    home.inbox.write_bytes(content)
    assert sorted(served(home)) == sorted([STORE, INBOX])
    assert {path.read_bytes() for path in files_aside(home.root)} == {content}


def test_a_damaged_store(home: Home) -> None:
    """What is damaged behind its first page is found when it is read, and set aside then."""
    waits(home, "lost")
    damaged(home.store)
    assert served(home) == [STORE]


def test_a_full_disk_sets_nothing_aside(home: Home) -> None:
    """A file that cannot be used for another reason than itself stays where it is."""
    home.store.mkdir(parents=True)
    with pytest.raises(Exception, match=r"store\.db cannot be used"):
        opened_store(home)
    assert files_aside(home.root) == []
