from __future__ import annotations

import pytest

from nbalert.courier.past import Wanted, history
from nbalert.courier.silences import Named, covers
from nbalert.home import Home
from nbalert.message import Message
from nbalert.show import history_text
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run
from tests.inboxes import question

NOWHERE = "http://127.0.0.1:9/"
NIGHTLY = Named(("fit.ipynb#a", "Fit failed", "fit.ipynb"), "nightly/fit", 0.0)


@pytest.mark.parametrize(
    ("what", "glob", "is_covered"),
    [
        ("all", "", True),
        ("alert", "Fit*", True),
        ("alert", "fit.ipynb", True),
        ("alert", "Load*", False),
        ("alert", "nightly/*", False),
        ("topic", "nightly/*", True),
        ("topic", "daily", False),
    ],
)
def test_what_a_silence_is_about(what: str, glob: str, is_covered: bool) -> None:
    """Everything; alerts by title, notebook or name; topics."""
    assert covers(what, glob, NIGHTLY) == is_covered


def waiting(rooms: Rooms) -> list[str]:
    """Titles of what is to be sent."""
    rows = rooms.store.rows(
        "SELECT m.title FROM delivery d JOIN message m ON m.id = d.message ORDER BY d.seq"
    )
    return [row["title"] for row in rows]


def test_a_silence(home: Home) -> None:
    """What it covers is on record by its name, and its sender hears at once; questions are asked."""

    async def work(rooms: Rooms) -> None:
        rooms.learn(NOWHERE)
        rooms.silences.begin(3600, "topic", "night*")
        kept = rooms.accept(Message(title="quiet", topic="nightly"))
        rooms.accept(Message(title="told", topic="daily"))
        rooms.accept(Message(title="asked", topic="nightly", question=question()))
        assert rooms.settled == [kept]
        assert waiting(rooms) == ["told", "asked"]
        assert rooms.silences.active()[0]["count"] == 1
        lines = history_text(history(rooms.store, Wanted(10))).splitlines()
        assert "suppressed (silence --topic night*)  quiet" in lines[0]
        assert len(lines) == 3
        assert rooms.silences.end() == 1
        rooms.accept(Message(title="again", topic="nightly"))
        assert waiting(rooms)[2:] == ["again"]

    run(home, work)


@pytest.mark.parametrize("back_s", [0.0, 7200.0])
def test_it_ends_by_itself(back_s: float, home: Home) -> None:
    """Also where the clock was set back meanwhile, and after a reboot."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        rooms.silences.begin(3600, "all")
        clock.set_by(-back_s)
        clock.go_on(3599)
        assert rooms.silences.work() == 1.0
        clock.go_on(1)
        assert rooms.silences.work() is None
        rooms.silences.begin(60, "all")
        clock.reboot()
        clock.go_on(60)
        assert rooms.silences.active() == []

    run(home, work, clock)


def test_what_was_silenced_stays_so(home: Home) -> None:
    """An alert of a project whose settings come after the silence has ended was silenced when it came."""

    async def work(rooms: Rooms) -> None:
        rooms.strangers.add("o")
        rooms.silences.begin(3600, "all")
        rooms.accept(Message(title="quiet"))
        rooms.silences.end()
        rooms.accept(Message(title="told"))
        rooms.strangers.clear()
        rooms.learn(NOWHERE)
        rooms.intake.route()
        assert waiting(rooms) == ["told"]

    run(home, work)
