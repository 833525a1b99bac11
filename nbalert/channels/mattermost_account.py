"""What channels of one bot token share: what is known, the rate limit, the websocket, and who asks what."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from nbalert.channels.listener import Listener
from nbalert.channels.mattermost_answers import content, subject
from nbalert.channels.mattermost_api import PREFIX, Api, Known
from nbalert.channels.sharing import Shared
from nbalert.errors import ChannelError
from nbalert.fields import ChannelSettings

if TYPE_CHECKING:  # needs the extra
    from nbalert.channels.mattermost_socket import Socket

OWN_NAME = "mattermost"
LINGER_S = 30.0
"""How long a connection outlasts its last question."""
PING_S = 30.0
"""As the service's own clients do (Source: mattermost/mattermost, pull request 30293, 2025-03-24)."""


class Account:
    """A bot.

    Args:
        base: Address of the server.
        settings: Of the channel that came first: its TLS options and its way out are those of all.
    """

    def __init__(self, base: str, token: str, settings: ChannelSettings) -> None:
        self.known = Known()
        self._base, self._token, self._settings = base, token, settings
        self._api = Api(OWN_NAME, settings, base, token, self.known)
        self._listeners: dict[str, set[Listener]] = {}
        self._task: asyncio.Task[None] | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self._socket: Socket | None = None
        self._is_up = False

    @property
    def trouble(self) -> str:
        """Why no answers are pushed just now; empty while they are, and while nobody asks."""
        return self._socket.trouble if self._socket and self._listeners else ""

    def listen(self, channel: str, message: str) -> Listener:
        """Hear what happens to a message; connects if nobody did."""
        if self._lingering:
            self._lingering.cancel()
        listener = Listener(channel, OWN_NAME, message)
        self._listeners.setdefault(message, set()).add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="mattermost websocket")
        elif self._is_up:
            listener.gap()
        return listener

    def leave(self, listener: Listener) -> None:
        """Hear no longer; some time after the last one the connection is closed."""
        self._listeners[listener.message].discard(listener)
        if not self._listeners[listener.message]:
            del self._listeners[listener.message]
        if not self._listeners and self._task:
            self._lingering = asyncio.get_running_loop().call_later(LINGER_S, self._end)

    def _end(self) -> None:
        """Whoever listens from now on has a connection of its own to wait for."""
        if self._task:
            self._task.cancel()
        self._task = None

    async def aclose(self) -> None:
        """Close all connections."""
        if self._lingering:
            self._lingering.cancel()
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._api.aclose()

    async def _run(self) -> None:
        from nbalert.channels.mattermost_socket import Socket
        from nbalert.channels.websocket import open_socket

        url = f"ws{self._base.removeprefix('http')}{PREFIX}websocket"
        self._socket = Socket(
            self._token,
            lambda: open_socket(OWN_NAME, self._settings, url, PING_S),
            lambda: self._api.call("GET", "users/me"),
            self._hear,
        )
        try:
            await self._socket.run()
        except ChannelError as error:
            for listener in self._all():
                listener.events.put_nowait(error)
        finally:
            self._is_up = False

    def _hear(self, event: str, data: Mapping[str, Any]) -> None:
        from nbalert.channels.mattermost_socket import LOST, UP

        if event in (UP, LOST):  # without a connection what there is can still be looked up
            self._is_up = event == UP
            for listener in self._all():
                listener.gap()
            return
        said = content(event, data)
        for listener in self._listeners.get(subject(event, said), ()):
            listener.put(event, said)

    def _all(self) -> list[Listener]:
        return [one for some in self._listeners.values() for one in some]


ACCOUNTS: Shared[Account] = Shared()
"""By address, token, TLS options and way out."""


def has_websocket() -> bool:
    """Whether the extra is installed."""
    return find_spec("websockets") is not None
