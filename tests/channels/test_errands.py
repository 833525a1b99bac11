from __future__ import annotations

import asyncio
from functools import partial

from nbalert.channels.errands import TRIES, Errands, tried
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError


class Service:
    """Fails as planned, then answers."""

    def __init__(self, *failures: ChannelError) -> None:
        self._failures = list(failures)
        self.calls = 0

    async def call(self) -> str:
        """One request."""
        self.calls += 1
        if self._failures:
            raise self._failures.pop(0)
        return "done"


def test_what_is_tried_again() -> None:
    """Where the service is busy, a few times; never where it denies; what fails for good raises nothing."""
    busy = ChannelBusy("busy", 0.0)
    for service, result, calls in (
        (Service(), "done", 1),
        (Service(busy, busy), "done", 3),
        (Service(ChannelDenied("no"), busy), None, 1),
        (Service(*[busy] * 9), None, TRIES),
    ):
        assert asyncio.run(tried(service.call)) == result
        assert service.calls == calls


def test_one_after_the_other() -> None:
    """What was started under one key is run in order; other keys do not wait; a close ends all."""
    done: list[str] = []

    async def work(name: str, until: asyncio.Event) -> None:
        await until.wait()
        done.append(name)

    async def errands() -> None:
        errands, now, later = Errands(), asyncio.Event(), asyncio.Event()
        now.set()
        errands.start("a", partial(work, "first", later))
        errands.start("a", partial(work, "second", now))
        errands.start("b", partial(work, "other", now))
        while done != ["other"]:  # noqa: ASYNC110 - within a turn or two
            await asyncio.sleep(0)
        later.set()
        while done != ["other", "first", "second"]:  # noqa: ASYNC110
            await asyncio.sleep(0)
        errands.start("a", partial(work, "never", asyncio.Event()))
        await errands.aclose()

    asyncio.run(errands())
    assert done == ["other", "first", "second"]
