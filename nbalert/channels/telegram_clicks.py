"""Clicks on buttons: each is answered, or the button would keep spinning.

Whether a click counts is told by the courier within moments; where it says nothing, the click was received.
Source: Bot API, answerCallbackQuery, 200 characters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from nbalert.channels.telegram_api import Api
from nbalert.channels.telegram_errors import Gone
from nbalert.channels.telegram_text import trimmed
from nbalert.errors import ChannelError

GRACE_S = 0.5
"""How long the courier has to say that a click does not count."""
STRAY_S = 3.0
"""How long a question may take to be listened to, before a click on it is turned away."""
CHARS = 200
RECEIVED, STRAY = "Received.", "This question is not open any more."


class Clicks:
    """The clicks of one bot."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def take(self, click: Mapping[str, Any]) -> None:
        """A click on a question that is open here."""
        self._answer_in(GRACE_S, str(click["id"]), RECEIVED)

    def stray(self, click: Mapping[str, Any]) -> None:
        """A click on a question that is not open here, unless it soon is."""
        self._answer_in(STRAY_S, str(click["id"]), STRAY)

    async def tell(self, click: str, text: str) -> bool:
        """Say something to who has clicked, in a window; whether that was possible.

        Raises:
            ChannelError: As `Api.call`.
        """
        self._drop(click)
        try:
            await self._api.call(
                "answerCallbackQuery", callback_query_id=click, text=trimmed(text, CHARS), show_alert=True
            )
        except Gone:
            return False
        return True

    async def aclose(self) -> None:
        """Leave nothing running."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _answer_in(self, delay_s: float, click: str, text: str) -> None:
        self._drop(click)
        task = asyncio.create_task(self._answer(delay_s, click, text))
        self._tasks[click] = task
        task.add_done_callback(lambda done: self._forget(click, done))

    async def _answer(self, delay_s: float, click: str, text: str) -> None:
        await asyncio.sleep(delay_s)
        with suppress(ChannelError):  # a courtesy: the click counts all the same
            await self._api.call("answerCallbackQuery", callback_query_id=click, text=text)

    def _drop(self, click: str) -> None:
        if task := self._tasks.pop(click, None):
            task.cancel()

    def _forget(self, click: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(click) is task:
            del self._tasks[click]
