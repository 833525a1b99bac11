"""Clicks on buttons: answered at once, and later with a word that only who clicked can read.

Source: Discord, "Receiving and Responding", 2026-08-06: a first answer within 3 s, further ones
for 15 minutes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from nbalert.channels.discord_errors import Gone
from nbalert.channels.http import Http
from nbalert.errors import ChannelBusy, ChannelError

SAYS, DEFERS = 4, 6
"""Types of a first answer."""
EPHEMERAL = 64
ALIVE_S = 14 * 60.0
"""How long a click can be answered: a little less than the service allows."""
STRAY_S = 1.5
"""How long another session of this token may take to answer a click on a question that is not open here."""
TRIES = 3
TRY_S = 0.3


class Clicks:
    """The clicks of one bot, as long as they can be answered.

    Args:
        http: Callbacks need no token, and are not held up by the limits of the rest.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._taken: dict[str, tuple[float, str, asyncio.Task[bool]]] = {}
        self._strays: dict[str, tuple[Mapping[str, Any], asyncio.Task[bool]]] = {}

    def take(self, data: Mapping[str, Any]) -> None:
        """Answer a click on a question that is open here: it was received, and the message stays."""
        if data["id"] in self._taken:
            return
        self._forget_old()
        task = asyncio.create_task(self._answer(data, {"type": DEFERS}))
        address = f"webhooks/{data['application_id']}/{data['token']}"
        self._taken[data["id"]] = time.monotonic(), address, task

    def stray(self, data: Mapping[str, Any]) -> None:
        """Answer a click on a question that is not open here, unless it soon is, or is somebody else's."""
        task = asyncio.create_task(self._turn_away(data))
        self._strays[data["id"]] = data, task
        task.add_done_callback(lambda done: self._strays.pop(data["id"], None))

    def claim(self, message: str) -> list[Mapping[str, Any]]:
        """Take the clicks on a message that came before anybody listened to it."""
        early = [(data, task) for data, task in self._strays.values() if data["message"]["id"] == message]
        for data, task in early:
            task.cancel()
            self.take(data)
        return [data for data, _ in early]

    async def tell(self, click: str, text: str) -> bool:
        """Say something to who has clicked; whether that was possible.

        Raises:
            ChannelError: As `Http.request`.
        """
        at, address, answered = self._taken.get(click, (0.0, "", None))
        if answered is None or time.monotonic() - at > ALIVE_S or not await answered:
            return False
        await self._http.request("POST", address, json=_quiet(text))
        return True

    async def aclose(self) -> None:
        """Leave nothing running."""
        tasks = [*(task for _, task in self._strays.values()), *(task for _, _, task in self._taken.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _turn_away(self, data: Mapping[str, Any]) -> bool:
        await asyncio.sleep(STRAY_S)
        text = "This question is not open any more."
        return await self._answer(data, {"type": SAYS, "data": _quiet(text)})

    async def _answer(self, data: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
        """Whether it was taken; another session of this token may have been first."""
        url = f"interactions/{data['id']}/{data['token']}/callback"
        for _ in range(TRIES):
            try:
                await self._http.request("POST", url, json=body)
                return True
            except Gone:
                return False
            except ChannelError as error:
                if not error.retryable:
                    return False
                wish_s = error.retry_after_s if isinstance(error, ChannelBusy) else None
                await asyncio.sleep(min(wish_s or TRY_S, 1.0))
        return False

    def _forget_old(self) -> None:
        now = time.monotonic()
        for click, (at, _, _) in list(self._taken.items()):
            if now - at > ALIVE_S:
                del self._taken[click]


def _quiet(text: str) -> dict[str, Any]:
    return {"content": text[:2000], "flags": EPHEMERAL, "allowed_mentions": {"parse": []}}
