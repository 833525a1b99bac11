"""The reactions that a question carries: added when it was posted, taken away when it has ended.

Neither holds up anything: the service takes about four of them a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from urllib.parse import quote

from nbalert.channels.discord_answers import place
from nbalert.channels.http import Http
from nbalert.errors import ChannelBusy, ChannelError
from nbalert.message import Receipt

TRIES = 5
TRY_S = 1.0


class Seeds:
    """Of one channel's questions.

    Args:
        http: Of the channel.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._tasks: set[asyncio.Task[None]] = set()

    def sow(self, receipt: Receipt, reactions: Iterable[str]) -> None:
        """Add them, in order."""
        self._start("PUT", receipt, list(reactions))

    def reap(self, receipt: Receipt, reactions: Iterable[str]) -> None:
        """Take them away; those of people stay."""
        self._start("DELETE", receipt, list(reactions))

    async def aclose(self) -> None:
        """Leave nothing running."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, method: str, receipt: Receipt, reactions: list[str]) -> None:
        task = asyncio.create_task(self._work(method, receipt, reactions))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, method: str, receipt: Receipt, reactions: list[str]) -> None:
        channel, message = place(receipt)
        for emoji in reactions:
            url = f"channels/{channel}/messages/{message}/reactions/{quote(emoji)}/@me"
            for _ in range(TRIES):
                try:
                    await self._http.request(method, url)
                    break
                except ChannelError as error:
                    if not error.retryable:
                        return  # a permission is missing; buttons and replies do without
                    wish_s = error.retry_after_s if isinstance(error, ChannelBusy) else None
                    await asyncio.sleep(TRY_S if wish_s is None else wish_s)
