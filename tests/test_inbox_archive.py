from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nbalert.inbox.archive import Archive
from nbalert.message import Image, Message
from tests.inboxes import question


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty archive."""
    with closing(Archive(tmp_path / "home" / "inbox.db")) as archive:
        yield archive


def test_changes_are_one_order(archive: Archive) -> None:
    """Every post, update and answer is one change; what changed twice is listed once, as it is now."""
    first = archive.post("s", "1", Message(title="first", question=question()))
    second = archive.post("s", "2", Message(title="second"))
    assert [entry.id for entry in archive.changed(0, 10)] == [first, second]
    entry = archive.entry(first) or pytest.fail("is gone")
    archive.reply(entry, "bob", "approve", "button")
    archive.update("s", second, Message(title="newer"))
    assert archive.last_change == 4
    assert [(e.id, e.change, e.message["title"]) for e in archive.changed(2, 10)] == [
        (first, 3, "first"),
        (second, 4, "newer"),
    ]
    assert archive.post("s", "1", Message(title="again")) == first
    assert archive.last_change == 4


def test_update_replaces_pictures(archive: Archive) -> None:
    """A newer version has its own pictures, under addresses of their own."""
    id_ = archive.post("s", "1", Message(title="m", images=(Image(b"one"), Image(b"two"))))
    old = (archive.entry(id_) or pytest.fail("is gone")).message["images"][0]["digest"]
    archive.update("s", id_, Message(title="m", images=(Image(b"three"),)))
    assert (archive.entry(id_) or pytest.fail("is gone")).message["images"][0]["digest"] != old
    assert (archive.image(id_, 0) or pytest.fail("is gone")).data == b"three"
    assert archive.image(id_, 1) is None


def test_unknown_ids(archive: Archive) -> None:
    """What is not there is not made up."""
    assert archive.entry("x") is None
    assert archive.image("x", 0) is None
    assert archive.replies("s", "x") is None
    assert not archive.update("s", "x", Message(title="m"))


def test_large_archive_is_fast(archive: Archive, tmp_path: Path) -> None:
    """With 20,000 messages and heavy pictures, every list that is ever asked for is an index away."""
    for n in range(50):
        archive.post("s", f"i{n}", Message(title="m", images=(Image(bytes(500_000)),)))
    _multiply(tmp_path / "home" / "inbox.db", 20_000)
    last = archive.last_change
    for ask in (
        lambda: archive.before(None, 50),
        lambda: archive.before(50, 49),
        lambda: archive.changed(last - 50, 50),
        lambda: archive.open(50),
        lambda: archive.replies_after("s", 0, 50),
    ):
        began = time.perf_counter()
        ask()
        assert time.perf_counter() - began < 0.1  # about 2 ms; reading it all would take seconds


def _multiply(path: Path, count: int) -> None:
    with closing(sqlite3.connect(path)) as database:
        (body,) = database.execute("SELECT body FROM messages LIMIT 1").fetchone()
        last = database.execute("SELECT value FROM facts WHERE name = 'change'").fetchone()[0]
        database.executemany(
            "INSERT INTO messages (id, sender, key, change, is_open, body) VALUES (?, 's', ?, ?, 0, ?)",
            ((f"id{n}", f"key{n}", last + 1 + n, body) for n in range(count)),
        )
        database.execute("UPDATE facts SET value = value + ? WHERE name = 'change'", (count,))
        database.commit()
