"""Telegram's Bot API: one call, its result or an error of the tree.

The token is in the URL, which no error and no log shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nbalert.channels.http import Http
from nbalert.channels.telegram_errors import Migrated, body_of, fault, unlike
from nbalert.channels.telegram_pace import TelegramPace
from nbalert.errors import ChannelBusy
from nbalert.fields import ChannelSettings

File = tuple[str, bytes, str]
"""Name, data and type."""
_PACED = ("send", "edit")


class Api:
    """Calls for one channel.

    Args:
        channel: Name in the settings, for errors.
        address: Of the bot: base URL and token.
        pace: Of all channels of the bot.
        moved: Groups that have become supergroups, old id → new id; of all channels of the bot.
    """

    def __init__(
        self,
        channel: str,
        settings: ChannelSettings,
        address: str,
        pace: TelegramPace,
        moved: dict[str, str],
    ) -> None:
        self.channel = channel
        self._timeout_s = settings.timeout_s
        self._http = Http(channel, settings, address, fault=fault)
        self._pace, self._moved = pace, moved

    async def call(
        self, method: str, files: Mapping[str, File] | None = None, wait_s: float = 0.0, **arguments: Any
    ) -> Any:
        """The result of a method.

        Args:
            files: By the names under which the arguments refer to them.
            wait_s: How much longer than usual the answer may take.
            arguments: What is None is left out.

        Raises:
            ChannelError: There is none.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        if "chat_id" in given:
            given["chat_id"] = self._moved.get(str(given["chat_id"]), given["chat_id"])
        try:
            return await self._call(method, files, wait_s, given)
        except Migrated as error:
            self._moved[str(given["chat_id"])] = error.chat
            return await self._call(method, files, wait_s, {**given, "chat_id": error.chat})

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _call(
        self, method: str, files: Mapping[str, File] | None, wait_s: float, given: dict[str, Any]
    ) -> Any:
        chat = str(given.get("chat_id", ""))
        if method.startswith(_PACED):
            await self._pace.turn(self.channel, chat)
        options: dict[str, Any] = {"json": given}
        if files:  # a form has texts only
            texts = {
                name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()
            }
            options = {"data": texts, "files": files}
        try:
            answer = await self._http.request("POST", method, timeout=self._timeout_s + wait_s, **options)
        except ChannelBusy as busy:
            if busy.retry_after_s is not None and chat:
                self._pace.hold(chat, busy.retry_after_s)
            raise
        body = body_of(answer)
        if body is None or "result" not in body:
            raise unlike(self.channel, answer)
        return body["result"]
