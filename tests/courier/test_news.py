from __future__ import annotations

import asyncio

from nbalert.courier.news import News, Worker


def test_what_came_before_the_wait_counts() -> None:
    """Nothing falls between a try and the wait after it; a try makes all that came before old."""

    async def work() -> None:
        worker = Worker()
        worker.tell(News.MENDED)
        assert await worker.wait(News.MENDED, 60)
        worker.begin()
        assert not await worker.wait(News.MENDED, 0.01)
        worker.tell(News.ARRIVAL)
        worker.forget(News.ARRIVAL)
        assert not await worker.wait(News.MENDED | News.ARRIVAL, 0.01)

    asyncio.run(work())


def test_only_what_is_waited_for() -> None:
    """Other news does not end a wait, and is not lost by it."""

    async def work() -> None:
        worker = Worker()
        waiting = asyncio.create_task(worker.wait(News.MENDED, 60))
        await asyncio.sleep(0)
        worker.tell(News.ARRIVAL)
        await asyncio.sleep(0)
        assert not waiting.done()
        worker.tell(News.MENDED)
        assert await waiting
        assert await worker.wait(News.ARRIVAL, 60)

    asyncio.run(work())
