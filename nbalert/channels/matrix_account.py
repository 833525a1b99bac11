"""What channels of one Matrix account share: who it is, the rooms it is in, its poll, and who asks where."""

from __future__ import annotations

import asyncio

from nbalert.channels.listener import Listener
from nbalert.channels.matrix_answers import Event, names_of
from nbalert.channels.matrix_api import MatrixApi
from nbalert.channels.matrix_rooms import Rooms
from nbalert.channels.matrix_settings import MatrixSettings
from nbalert.channels.matrix_sync import Sync
from nbalert.channels.sharing import Shared
from nbalert.errors import ChannelError

OWN_NAME = "matrix"
EVENTS = "EVENTS"
"""What a listener hears: events of its room, and the names of their senders."""


class Account:
    """A bot's account.

    Args:
        settings: Of the channel that came first: its TLS options and its way out are those of all.
    """

    def __init__(self, settings: MatrixSettings) -> None:
        self.rooms = Rooms()
        self._api = MatrixApi(OWN_NAME, settings)
        self._me = ""
        self._listeners: dict[str, set[Listener]] = {}
        self._sync: Sync | None = None
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def trouble(self) -> str:
        """Why no answers come just now; empty while they do, and while nobody asks."""
        return self._sync.trouble if self._sync and self._listeners else ""

    async def me(self, api: MatrixApi) -> str:
        """Id of the bot; asked once.

        Args:
            api: Of the channel that wants to know.

        Raises:
            ChannelError: As `MatrixApi.get`.
        """
        if not self._me:
            found = (await api.get("account", "whoami")).get("user_id")
            if not isinstance(found, str):
                raise api.nonsense()
            self._me = found
        return self._me

    def listen(self, channel: str, room: str, event: str, me: str) -> Listener:
        """Hear what happens in the room of a question; polls if nobody did."""
        listener = Listener(channel, OWN_NAME, event)
        is_new = room not in self._listeners
        self._listeners.setdefault(room, set()).add(listener)
        if self._task is None or self._task.done():
            self._sync = Sync(self._api, me, lambda: self._listeners, self._hear, self._gap, self._left)
            self._task = asyncio.create_task(self._run(self._sync), name="matrix sync")
        elif self._sync:
            if self._sync.is_up:
                listener.gap()
            if is_new:
                self._sync.look_elsewhere()
        return listener

    def leave(self, room: str, listener: Listener) -> None:
        """Hear no longer; with the last one the poll ends."""
        self._listeners[room].discard(listener)
        if not self._listeners[room]:
            del self._listeners[room]
        if not self._listeners and self._task:
            self._task.cancel()
            self._ending.add(self._task)
            self._task.add_done_callback(self._ending.discard)
            self._task = None

    async def aclose(self) -> None:
        """Close all connections."""
        if self._task:
            self._task.cancel()
        await asyncio.gather(*self._ending, *([self._task] if self._task else []), return_exceptions=True)
        await self._api.aclose()

    async def _run(self, sync: Sync) -> None:
        try:
            await sync.run()
        except ChannelError as error:
            for room in list(self._listeners):
                self._left(room, error)

    def _hear(self, room: str, events: list[Event], members: list[Event]) -> None:
        names = names_of(members)
        for listener in self._listeners.get(room, ()):
            listener.put(EVENTS, {"events": events, "names": names})

    def _gap(self) -> None:
        for some in self._listeners.values():
            for listener in some:
                listener.gap()

    def _left(self, room: str, error: ChannelError) -> None:
        for listener in self._listeners.get(room, ()):
            listener.events.put_nowait(error)


ACCOUNTS: Shared[Account] = Shared()
