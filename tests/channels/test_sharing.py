from __future__ import annotations

import asyncio

from nbalert.channels.sharing import Shared


class Thing:
    """Counts."""

    made = 0
    closed = 0

    def __init__(self) -> None:
        type(self).made += 1

    async def aclose(self) -> None:
        """Count."""
        type(self).closed += 1


def test_the_first_makes_it_and_the_last_closes_it() -> None:
    """Users of one key have one thing; whoever comes after the last has another, as has another loop."""
    shared: Shared[Thing] = Shared()

    async def work(before: int) -> None:
        one, two = shared.join("key", Thing), shared.join("key", Thing)
        assert one is two
        assert shared.join("other", Thing) is not one
        await shared.leave("key")
        assert Thing.closed == before
        await shared.leave("key")
        await shared.leave("other")
        assert Thing.closed == before + 2
        assert shared.join("key", Thing) is not one

    for before in (0, 2):
        asyncio.run(work(before))
    assert Thing.made == 6
