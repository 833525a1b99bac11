from __future__ import annotations

import shutil
from typing import Any

import pytest

from nbalert.home import Home
from nbalert.message import Message
from tests.courier.rooms import Rooms, run
from tests.inboxes import question


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
