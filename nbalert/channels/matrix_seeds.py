"""The reactions that a question carries: added when it was posted, taken away when it has ended.

Neither holds up anything: they count as messages, of which Synapse by default takes one in five seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from nbalert.channels.errands import Errands, tried
from nbalert.channels.matrix_answers import place
from nbalert.channels.matrix_api import MatrixApi
from nbalert.message import Receipt


class Seeds:
    """Of one channel's questions."""

    def __init__(self, api: MatrixApi) -> None:
        self._api = api
        self._errands = Errands()

    def sow(self, receipt: Receipt, reactions: Iterable[str]) -> None:
        """Add them, in order."""
        self._errands.start(receipt.reference, partial(self._sow, receipt, list(reactions)))

    def reap(self, receipt: Receipt, me: str) -> None:
        """Take them away; those of people stay.

        Args:
            me: Id of the bot.
        """
        self._errands.start(receipt.reference, partial(self._reap, receipt, me))

    async def aclose(self) -> None:
        """Leave nothing running."""
        await self._errands.aclose()

    async def _sow(self, receipt: Receipt, reactions: list[str]) -> None:
        room, event = place(receipt)
        for emoji in reactions:
            content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": emoji}}
            key = f"{receipt.reference}-{emoji}"
            await tried(partial(self._api.send, room, "m.reaction", content, key))

    async def _reap(self, receipt: Receipt, me: str) -> None:
        room, event = place(receipt)
        path = ("rooms", room, "relations", event, "m.annotation", "m.reaction")
        found = await tried(partial(self._api.get, *path, version="v1", query={"limit": "100"}))
        for one in (found or {}).get("chunk") or []:
            if one.get("sender") == me:
                id_ = str(one["event_id"])
                await tried(partial(self._api.redact, room, id_, f"redact-{id_}"))
