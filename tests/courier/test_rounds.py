from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import nbalert
from nbalert.courier.rounds import ROUND_S, Rest
from nbalert.home import Home
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run
from tests.courier.test_agenda import asked


def test_what_falls_due_sooner_ends_a_pause() -> None:
    """A pause without an end is over at once, and the next one is a whole one again."""

    async def work() -> None:
        rest = Rest(asyncio.Event())
        for seconds in (0.01, -1.0):
            rest.hasten(seconds)
            await asyncio.wait_for(rest.take(3600), 60)
        rest.hasten(ROUND_S)
        async with asyncio.timeout(60):
            await rest.take(0.01)

    asyncio.run(work())


def test_the_end_of_a_courier_ends_a_pause() -> None:
    """It is not waited for."""

    async def work() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_soon(stop.set)
        await asyncio.wait_for(Rest(stop).take(3600), 60)

    asyncio.run(work())


def test_a_question_that_comes_between_two_rounds(home: Home) -> None:
    """Until when the courier may pause is said as it is put, also of a reminder."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        asked(rooms, clock, 0.5)
        asked(rooms, clock, 60.0, text="And this?")
        assert [round(seconds, 3) for seconds in rooms.hastened] == [0.5, 60.0, 48.0]

    run(home, work, clock)


def test_a_short_question_ends_in_time(home: Home) -> None:
    """Asked between two rounds of the courier, it does not wait for the next one."""
    late_s = []
    for _ in range(4):
        asked_at = datetime.now(UTC)
        decision = nbalert.ask("Deploy?", timeout=0.3, raises=False)
        assert decision.outcome == "expired"
        late_s.append((decision.decided_at - asked_at).total_seconds() - 0.3)
    assert min(late_s[1:]) < ROUND_S / 2  # each after the first was put right after a round
