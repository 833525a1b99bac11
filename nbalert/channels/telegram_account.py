"""What channels of one bot share: its limits, its updates, its clicks, and what people are called."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from nbalert.channels.sharing import Shared
from nbalert.channels.telegram_answers import Subject, Update, name_of
from nbalert.channels.telegram_api import Api
from nbalert.channels.telegram_clicks import Clicks
from nbalert.channels.telegram_pace import TelegramPace
from nbalert.channels.telegram_updates import Listener, Updates
from nbalert.errors import ChannelError
from nbalert.fields import ChannelSettings

READY_S = 5.0
"""How long a question waits for its way back; longer silence is no refusal."""
LINGER_S = 30.0
"""How long updates are read on when nobody listens: a question that was just posted soon will be."""
OWN_NAME = "telegram"


class Account:
    """A bot.

    Args:
        address: Base URL and token.
        settings: Of the channel that came first: its TLS options and its way out are those of all.
    """

    def __init__(self, address: str, settings: ChannelSettings) -> None:
        self.pace = TelegramPace()
        self.moved: dict[str, str] = {}
        self._api = Api(OWN_NAME, settings, address, self.pace, self.moved)
        self.clicks = Clicks(self._api)
        self.updates = Updates(self._api, self._clicked)
        self._me: Mapping[str, Any] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._lingering: asyncio.TimerHandle | None = None

    async def me(self, api: Api) -> Mapping[str, Any]:
        """The bot; asked once.

        Raises:
            ChannelError: As `Api.call`.
        """
        if not self._me:
            self._me = dict(await api.call("getMe"))
        return self._me

    async def names(self, api: Api, chat: str, people: Iterable[str]) -> dict[str, str]:
        """What people of a chat are called, by id; those whom the bot cannot see are left out."""
        for id_ in people:
            if id_.isdecimal() and (chat, id_) not in self._names:
                try:
                    found = await api.call("getChatMember", chat_id=chat, user_id=int(id_))
                    self._names[chat, id_] = name_of(found.get("user") or {})
                except ChannelError as error:
                    if error.retryable:
                        continue  # an id will do for now
                    self._names[chat, id_] = ""
        return {id_: name for id_ in people if (name := self._names.get((chat, id_)))}

    async def ready(self, channel: str) -> None:
        """Wait until answers can be read.

        Raises:
            ChannelError: They cannot be, unless something is mended.
        """
        error = await self.updates.ready(READY_S)
        self._linger()
        if error and not error.retryable:
            raise type(error)(f"{channel}: {str(error).partition(': ')[2]}")

    def listen(self, channel: str, subject: Subject) -> Listener:
        """Hear what happens to a message."""
        if self._lingering:
            self._lingering.cancel()
        return self.updates.add(channel, subject)

    def leave(self, listener: Listener) -> None:
        """Hear no longer; some time after the last one updates are read no more."""
        self.updates.remove(listener)
        self._linger()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._lingering:
            self._lingering.cancel()
        await self.updates.stop()
        await self.clicks.aclose()
        await self._api.aclose()

    def _linger(self) -> None:
        if self._lingering:
            self._lingering.cancel()
        if not self.updates.is_heard:
            self._lingering = asyncio.get_running_loop().call_later(LINGER_S, self.updates.pause)

    def _clicked(self, click: Update, is_heard: bool) -> None:
        (self.clicks.take if is_heard else self.clicks.stray)(click)


ACCOUNTS: Shared[Account] = Shared()
"""By address, TLS options and way out."""
