from __future__ import annotations

from typing import Any

from nbalert.courier.attendance import Attendance
from nbalert.courier.past import Wanted, history
from nbalert.courier.report import status
from nbalert.home import Home
from nbalert.message import Level, Message
from nbalert.show import history_text, status_text
from tests.courier.rooms import Rooms, run
from tests.inboxes import question


def test_status(home: Home) -> None:
    """What waits and why, a row a channel; open questions; what was given up; what nobody could read."""

    async def work(rooms: Rooms) -> None:
        ids = [rooms.accept(Message(title=str(n)), "ci", "ops") for n in range(3)]
        rooms.accept(Message(title="Deploy?", question=question()), "ci")
        rooms.store.execute("UPDATE delivery SET error = 'cannot connect' WHERE message = ?", ids[0])
        rooms.store.execute(
            "UPDATE delivery SET state = 'failed' WHERE message = ? AND channel = 'ops'", ids[1]
        )
        rooms.spool.put({"kind": "?"})
        rooms.intake.take()
        found = status(Home.find(), rooms.store, rooms.spool, Attendance())
        assert [(r["channel"], r["count"], r["reason"]) for r in found["waiting"]] == [
            ("ci", 4, "cannot connect"),
            ("ops", 2, "cannot connect"),
        ]
        assert [r["title"] for r in found["questions"]] == ["Deploy?"]
        assert [(r["title"], r["channel"]) for r in found["failed"]] == [("1", "ops")]
        assert (found["spooled"], found["unreadable"]) == (0, 1)
        text = status_text({"courier": {"pid": 1, "mode": "detached", "version": "1", "inbox": ""}, **found})
        assert "4 for ci" in text
        assert "asks       'Deploy?'" in text

    run(home, work)


def test_notes() -> None:
    """What channels have to say stands in status, one line a channel; an older courier says nothing."""
    courier = {"pid": 1, "mode": "detached", "version": "1", "inbox": ""}
    lists: dict[str, Any] = {name: [] for name in ("present", "questions", "waiting", "failed")}
    found = {**lists, "courier": courier, "spooled": 0, "unreadable": 0}
    assert "note" not in status_text(found)
    note = {"project": "p", "channel": "team", "note": "answers are read every 3 s"}
    assert "note       team: answers are read every 3 s" in status_text({**found, "notes": [note]})


def test_history(home: Home) -> None:
    """The newest messages, oldest first, with level, what became of them and the decision."""

    async def work(rooms: Rooms) -> None:
        for n in range(5):
            rooms.accept(Message(title=str(n), level=Level.OK), "ci")
        rooms.accept(Message(title="Deploy?", question=question()), "ci")
        rooms.ledger.cancel(question().id, "interrupted")
        rows = history(rooms.store, Wanted(3))
        assert [(r["title"], r["level"], r["state"]) for r in rows] == [
            ("3", "OK", "waiting"),
            ("4", "OK", "waiting"),
            ("Deploy?", "INFO", "waiting"),
        ]
        assert "cancelled: interrupted" in history_text(rows)
        assert history(rooms.store, Wanted(0)) == []

    run(home, work)
