"""The reactions that a question carries: added when it was posted, taken away when it has ended.

Neither holds up anything: the service takes about four of them a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from urllib.parse import quote

from nbalert.channels.discord_answers import place
from nbalert.channels.errands import Errands, tried
from nbalert.channels.http import Http
from nbalert.message import Receipt


class Seeds:
    """Of one channel's questions.

    Args:
        http: Of the channel.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._errands = Errands()

    def sow(self, receipt: Receipt, reactions: Iterable[str]) -> None:
        """Add them, in order."""
        self._errands.start(receipt.reference, partial(self._work, "PUT", receipt, list(reactions)))

    def reap(self, receipt: Receipt, reactions: Iterable[str]) -> None:
        """Take them away; those of people stay."""
        self._errands.start(receipt.reference, partial(self._work, "DELETE", receipt, list(reactions)))

    async def aclose(self) -> None:
        """Leave nothing running."""
        await self._errands.aclose()

    async def _work(self, method: str, receipt: Receipt, reactions: list[str]) -> None:
        channel, message = place(receipt)
        for emoji in reactions:
            url = f"channels/{channel}/messages/{message}/reactions/{quote(emoji)}/@me"
            await tried(partial(self._http.request, method, url))
