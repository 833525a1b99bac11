"""What channels of one bot token share: its limits, its gateway, and who asks about which message."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from nbalert import __version__
from nbalert.channels.discord_answers import subjects
from nbalert.channels.discord_clicks import Clicks
from nbalert.channels.discord_errors import fault
from nbalert.channels.discord_pace import DiscordPace
from nbalert.channels.discord_question import clicked
from nbalert.channels.http import Http
from nbalert.channels.listener import Listener, named
from nbalert.channels.sharing import Shared
from nbalert.errors import ChannelError, ChannelUnreachable
from nbalert.fields import ChannelSettings

if TYPE_CHECKING:  # needs the extra
    from nbalert.channels.discord_gateway import Gateway

READY_S = 5.0
LINGER_S = 60.0
"""How long a connection outlasts its last question: 1,000 identifies a day are few."""
CONTENT_FLAGS = (1 << 18) | (1 << 19)
"""Of an application that may read messages."""
OWN_NAME = "discord"


class Account:
    """A bot.

    Args:
        token: Of the bot.
        base_url: Of REST.
        gateway_url: Of the gateway; empty to ask REST.
        settings: Of the channel that came first: its TLS options and its way out are those of all.
    """

    def __init__(self, token: str, base_url: str, gateway_url: str, settings: ChannelSettings) -> None:
        self.pace = DiscordPace()
        self.headers = {
            "Authorization": f"Bot {token}",
            "User-Agent": f"DiscordBot (https://pypi.org/project/nbalert, {__version__})",
        }
        self._token, self._gateway_url, self._settings = token, gateway_url, settings
        self._http = Http(OWN_NAME, settings, base_url, self.headers, fault, self.pace)
        self.clicks = Clicks(self._http)
        self._listeners: dict[str, set[Listener]] = {}
        self._task: asyncio.Task[None] | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self._gateway: Gateway | None = None
        self._failure: ChannelError | None = None
        self._up = asyncio.Event()
        self._known: dict[str, Mapping[str, Any]] = {}

    @property
    def trouble(self) -> str:
        """Why no answers are pushed just now; empty while they are, and while nobody asks."""
        return self._gateway.trouble if self._gateway and self._listeners else ""

    async def me(self, http: Http) -> str:
        """Id of the bot's user.

        Raises:
            ChannelError: As `Http.request`.
        """
        return str((await self.about("users/@me", http))["id"])

    async def about(self, url: str, http: Http) -> Mapping[str, Any]:
        """What the service says of the bot; asked once.

        Args:
            http: Of the channel that wants to know.

        Raises:
            ChannelError: As `Http.request`.
        """
        if url not in self._known:
            self._known[url] = await _asked(url, http)
        return self._known[url]

    def listen(self, channel: str, message: str) -> Listener:
        """Hear what happens to a message; connects if nobody did."""
        self._connect()
        listener = Listener(channel, OWN_NAME, message)
        self._listeners.setdefault(message, set()).add(listener)
        if self._up.is_set():
            listener.gap()
        for data in self.clicks.claim(message):
            listener.put("INTERACTION_CREATE", data)
        return listener

    async def ready(self, channel: str) -> None:
        """Wait until the gateway is up, so that no click comes too early; not for long: it may be down.

        Raises:
            ChannelDenied: It will never be up; says what to mend.
        """
        task = self._connect()
        waiting = asyncio.ensure_future(self._up.wait())
        await asyncio.wait([waiting, task], timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self._linger()
        if task.done() and self._failure:
            raise named(self._failure, channel, OWN_NAME)

    def leave(self, listener: Listener) -> None:
        """Hear no longer; some time after the last one the connection is closed."""
        self._listeners[listener.message].discard(listener)
        if not self._listeners[listener.message]:
            del self._listeners[listener.message]
        self._linger()

    async def aclose(self) -> None:
        """Close the connection."""
        if self._lingering:
            self._lingering.cancel()
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self.clicks.aclose()
        await self._http.aclose()

    def _connect(self) -> asyncio.Task[None]:
        if self._lingering:
            self._lingering.cancel()
        if self._task is None or self._task.done():
            self._up.clear()
            self._failure = None
            self._task = asyncio.create_task(self._run(), name="discord gateway")
        return self._task

    def _linger(self) -> None:
        if self._lingering:
            self._lingering.cancel()
        if not self._listeners and self._task:
            self._lingering = asyncio.get_running_loop().call_later(LINGER_S, self._task.cancel)

    async def _run(self) -> None:
        from nbalert.channels.discord_gateway import Gateway
        from nbalert.channels.websocket import open_socket

        self._gateway = Gateway(
            self._identity, self._address, lambda url: open_socket(OWN_NAME, self._settings, url), self._hear
        )
        try:
            await self._gateway.run()
        except ChannelError as error:
            self._failure = error
            for listener in [one for some in self._listeners.values() for one in some]:
                listener.events.put_nowait(error)

    async def _identity(self) -> dict[str, Any]:
        """The least that is needed: messages can be read only where that is switched on for the bot."""
        from nbalert.channels.discord_gateway import GUILD_MESSAGE_REACTIONS, GUILD_MESSAGES, MESSAGE_CONTENT

        flags = (await self.about("applications/@me", self._http)).get("flags") or 0
        content = MESSAGE_CONTENT if flags & CONTENT_FLAGS else 0
        return {"token": self._token, "intents": GUILD_MESSAGES | GUILD_MESSAGE_REACTIONS | content}

    async def _address(self) -> Mapping[str, Any]:
        found = await _asked("gateway/bot", self._http)
        return {**found, "url": self._gateway_url} if self._gateway_url else found

    def _hear(self, name: str, data: Any) -> None:
        if name == "READY":
            self._up.set()
        if name in ("READY", "LOST"):  # without a connection what there is can still be looked up
            for listener in [one for some in self._listeners.values() for one in some]:
                listener.gap()
            return
        heard = [one for id_ in subjects(name, data or {}) for one in self._listeners.get(id_, ())]
        if name == "INTERACTION_CREATE" and clicked(str(data["data"].get("custom_id"))):
            (self.clicks.take if heard else self.clicks.stray)(data)
        for listener in heard:
            listener.put(name, data)


async def _asked(url: str, http: Http) -> Mapping[str, Any]:
    answer = await http.request("GET", url)
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ChannelUnreachable(f"{answer.url.host} has not answered as Discord does")
    return found


ACCOUNTS: Shared[Account] = Shared()


def has_gateway() -> bool:
    """Whether the extra is installed."""
    return find_spec("websockets") is not None
