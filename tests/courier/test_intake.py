from __future__ import annotations

import asyncio
import shutil
import sqlite3
from typing import Any

import pytest

from nbalert.courier.intake import GATHER_S
from nbalert.home import Home
from nbalert.message import Message
from tests.benchmarks.statements import metered
from tests.chat_servers.webhook import HANG, Webhook
from tests.courier.rooms import Rooms, run
from tests.inboxes import question


def entry(title: str, **parts: Any) -> dict[str, Any]:
    """Of a message, as it stands in the spool."""
    message = Message(title=title, **parts)
    return {
        "kind": "message",
        "origin": "o",
        "project": "p",
        "channels": ["ci"],
        "message": message.to_json(),
    }


def test_a_crash_before_the_removal(home: Home) -> None:
    """An entry that is in the store already is taken once, and its question opened once."""

    async def work(rooms: Rooms) -> None:
        data = {"kind": "message", "origin": "o", "project": "p", "channels": ["a", "b", "a"]}
        rooms.spool.put({**data, "message": Message(title="?", question=question()).to_json()})
        shutil.copytree(home.spool, home.root / "copy")
        for _ in range(2):
            rooms.intake.take()
            assert rooms.spool.count() == 0
            shutil.copytree(home.root / "copy", home.spool, dirs_exist_ok=True)
        assert len(rooms.store.rows("SELECT * FROM message")) == 1
        assert [r["channel"] for r in rooms.store.rows("SELECT * FROM delivery")] == ["a", "b"]
        assert len(rooms.ledger.open_questions()) == 1

    run(home, work)


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "message"},
        {"kind": "telegram"},
        {"kind": "cancel"},
        {"kind": "message", "origin": "o", "project": "p", "channels": ["c"], "message": {"title": 1}},
        {"kind": "message", "origin": "o", "project": "p", "channels": 7, "message": {"title": "x"}},
        {"kind": "message", "origin": {}, "project": "p", "channels": [], "message": {"title": "x"}},
        {"kind": "message", "origin": "o", "project": None, "channels": [], "message": {"title": "x"}},
    ],
    ids=str,
)
def test_what_has_not_the_form_is_set_aside(data: dict[str, Any], home: Home) -> None:
    """It leaves no half row, and the next one is taken."""

    async def work(rooms: Rooms) -> None:
        rooms.spool.put(data)
        rooms.accept(Message(title="after"))
        assert [r["title"] for r in rooms.store.rows("SELECT * FROM message")] == ["after"]
        assert (len(rooms.spool.unreadable()), rooms.spool.count()) == (1, 0)

    run(home, work)


def test_a_cancellation_follows_its_question(home: Home) -> None:
    """Both taken in one go: the question is cancelled."""

    async def work(rooms: Rooms) -> None:
        data = {"kind": "message", "origin": "o", "project": "p", "channels": ["ci"]}
        rooms.spool.put({**data, "message": Message(title="?", question=question()).to_json()})
        rooms.spool.put({"kind": "cancel", "question": question().id, "reason": "interrupted"})
        rooms.intake.take()
        assert [decision.sentence for decision in rooms.ended] == ["cancelled: interrupted"]

    run(home, work)


def test_what_waits_together_is_taken_together(home: Home) -> None:
    """A row of messages costs a transaction a hundred, and stands in order; none is left in the spool."""

    async def work(rooms: Rooms) -> None:
        entries = [rooms.spool.put(entry(f"alert {n:03}")) for n in range(250)]
        with metered(rooms.store._db) as meter:
            rooms.intake.take()
        assert meter.statements["COMMIT"] == 3
        assert [
            row["message"] for row in rooms.store.rows("SELECT message FROM delivery ORDER BY seq")
        ] == entries
        assert rooms.spool.count() == 0

    run(home, work)


def test_what_has_not_the_form_among_many(home: Home) -> None:
    """Whatever lies around it is taken once and in order, also a question and its cancellation."""

    async def work(rooms: Rooms) -> None:
        asked = entry("?", question=question())
        odd: dict[str, Any] = {"kind": "message", "origin": {}, "project": "p", "channels": []}
        last: dict[str, Any] = {"kind": "cancel", "question": question().id, "reason": "interrupted"}
        for data in (
            entry("a"),
            entry("b"),
            odd,
            entry("c"),
            {**entry("d"), "durable": "power"},
            asked,
            last,
        ):
            rooms.spool.put(data)
        rooms.intake.take()
        titles = [row["title"] for row in rooms.store.rows("SELECT title FROM message ORDER BY id")]
        assert titles == ["a", "b", "c", "d", "?"]
        assert [decision.sentence for decision in rooms.ended] == ["cancelled: interrupted"]
        assert (len(rooms.spool.unreadable()), rooms.spool.count()) == (1, 0)

    run(home, work)


def test_a_disk_that_is_full_while_many_are_taken(home: Home) -> None:
    """None is lost and none is half there: all wait in the spool until there is room."""

    async def work(rooms: Rooms) -> None:
        for n in range(40):
            rooms.spool.put(entry(f"alert {n}", text="x" * 4000))
        (pages,) = rooms.store.row("PRAGMA page_count") or (0,)
        rooms.store.row(f"PRAGMA max_page_count = {pages + 10}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            rooms.intake.take()
        assert (len(rooms.store.rows("SELECT * FROM message")), rooms.spool.count()) == (0, 40)
        rooms.store.row("PRAGMA max_page_count = 1000000")
        rooms.intake.take()
        assert (len(rooms.store.rows("SELECT * FROM message")), rooms.spool.count()) == (40, 0)

    run(home, work)


def test_a_burst_is_gathered(home: Home) -> None:
    """While something is sent, calls that follow each other are one; what else is said first takes it all."""

    async def work(rooms: Rooms) -> None:
        with Webhook() as server:
            server.always(HANG)
            rooms.learn(server.url, timeout_s=3600)
            rooms.spool.put(entry("first"))
            rooms.intake.take_soon()
            await rooms.until(lambda: server.requests)
            for n in range(20):
                rooms.spool.put(entry(f"alert {n}"))
                rooms.intake.take_soon()
            await rooms.until(lambda: rooms.spool.count() == 0)
            rooms.spool.put(entry("last"))
            rooms.intake.take_soon()
            rooms.intake.catch_up()
            assert rooms.spool.count() == 0
            rooms.spool.put(entry("for the next courier"))
            rooms.intake.take_soon()
            rooms.intake.close()
            rooms.intake.take_soon()
            await asyncio.sleep(2 * GATHER_S)
            assert rooms.spool.count() == 1

    run(home, work)
