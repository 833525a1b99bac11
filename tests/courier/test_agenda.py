from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from nbalert.home import Home
from nbalert.message import Message
from nbalert.question import Outcome, Question
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run
from tests.courier.test_ledger import said
from tests.inboxes import question


def timed(clock: HandClock, lasts_s: float | None = 3600.0, **options: Any) -> Question:
    """A question that is asked now, by both clocks."""
    times: dict[str, Any] = {"asked_at": clock.now(), "expires_at": None, "boot": clock.boot}
    if lasts_s is not None:
        times["expires_at"] = clock.now() + timedelta(seconds=lasts_s)
        times["expires_boot_s"] = clock.boot_s() + lasts_s
    return question(**{**times, **options})


def asked(rooms: Rooms, clock: HandClock, lasts_s: float | None = 3600.0, **options: Any) -> Question:
    """It stands in the book."""
    one = timed(clock, lasts_s, **options)
    rooms.accept(Message(title=one.text, question=one))
    return one


@pytest.mark.parametrize(
    ("lasts_s", "at_s"),
    [(59.0, None), (None, None), (60.0, 48.0), (3000.0, 2400.0), (3600.0, 3000.0), (86400.0, 85800.0)],
)
def test_when_a_reminder_is_due(lasts_s: float | None, at_s: float | None, home: Home) -> None:
    """Ten minutes before the end, in the last fifth of short ones; of shorter or endless ones never."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        one = asked(rooms, clock, lasts_s)
        found = rooms.store.row("SELECT at FROM due WHERE question = ? AND what = 'remind'", one.id)
        assert (found and found["at"] - clock.time_s()) == at_s

    run(home, work, clock)


@pytest.mark.parametrize("back_s", [0.0, 7200.0])
def test_a_clock_that_is_set_back_lengthens_nothing(back_s: float, home: Home) -> None:
    """It ends when its time has passed, whatever the wall clock says by then; an answer is late by then."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        one, other = asked(rooms, clock), asked(rooms, clock, text="And this?")
        clock.set_by(-back_s)
        clock.go_on(3599)
        assert rooms.agenda.work(rooms.due) == 1.0
        assert rooms.ended == []
        clock.go_on(1)
        rooms.ledger.reply(one.id, "ci", said("bob"))
        assert [decision.outcome for decision in rooms.ended] == [Outcome.EXPIRED]
        rooms.agenda.work(rooms.due)
        assert [decision.question_id for decision in rooms.ended] == [one.id, other.id]
        assert rooms.voided[0][1] == "this question has ended: expired: nobody decided in time"

    run(home, work, clock)


def test_a_clock_that_is_set_forward_ends_it(home: Home) -> None:
    """The earlier of the two clocks counts."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        asked(rooms, clock)
        clock.set_by(3600)
        rooms.agenda.work(rooms.due)
        assert [decision.outcome for decision in rooms.ended] == [Outcome.EXPIRED]

    run(home, work, clock)


def test_after_a_reboot_the_wall_clock_counts(home: Home) -> None:
    """Seconds since another boot say nothing; nor do they where nothing names the boot."""
    for boot in ("boot-1", ""):
        clock = HandClock(boot=boot)

        async def work(rooms: Rooms, clock: HandClock = clock) -> None:
            one = asked(rooms, clock, text=f"At {clock.boot}?", expires_boot_s=0.5)
            if clock.boot:
                clock.reboot()
            assert rooms.agenda.due() == []
            clock.go_on(3600)
            assert rooms.agenda.due() == [(one.id, "end"), (one.id, "remind")]
            rooms.agenda.work(rooms.due)
            assert rooms.agenda.due() == []

        run(home, work, clock)


def test_a_service_whose_clock_is_wrong(home: Home) -> None:
    """An answer that is dated after the end counts as given now; one of a clock set back is not too old."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        one, two = asked(rooms, clock), asked(rooms, clock, text="And this?")
        rooms.ledger.reply(one.id, "ci", said("bob", at=clock.now() + timedelta(hours=2)))
        clock.set_by(-600)
        rooms.ledger.reply(two.id, "ci", said("bob", at=clock.now() + timedelta(seconds=700)))
        assert [decision.outcome for decision in rooms.ended] == [Outcome.APPROVED] * 2

    run(home, work, clock)
