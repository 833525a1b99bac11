"""How answers on Slack are brought: pushed where that works, read where it does not."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx

from nbalert.channels.slack_answers import Place
from nbalert.channels.slack_api import SlackApi
from nbalert.channels.slack_board import Listener
from nbalert.channels.slack_checks import has_client
from nbalert.channels.slack_polling import Reading
from nbalert.channels.slack_settings import SlackSettings
from nbalert.channels.slack_words import escaped
from nbalert.channels.trust import server_context
from nbalert.durations import show_duration
from nbalert.errors import ChannelError
from nbalert.policy import Reply
from nbalert.question import Question

if TYPE_CHECKING:
    from nbalert.channels.slack_socket import Socket

LONGEST_RECHECK_S = 600.0
ENDED_EVERY_S = 30.0
"""How often a question that has ended is read on, so that who is late can be told."""
LONGEST_TROUBLE_S = 60.0


class Asks:
    """All questions of one channel.

    Args:
        channel: Name in the settings.
        on_deaf: Called for a question whose buttons reach nobody any more.
    """

    def __init__(
        self,
        channel: str,
        settings: SlackSettings,
        api: SlackApi,
        on_deaf: Callable[[Place], Awaitable[None]],
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._api = api
        self._on_deaf = on_deaf
        self._socket: Socket | None = None
        self._open = 0
        self._deaf: set[Place] = set()
        self._trouble = ""
        self.ended: set[Place] = set()

    @property
    def has_buttons(self) -> bool:
        """Whether clicks arrive here, as far as is known."""
        if not (self._settings.app_token and has_client()):
            return False
        return self._socket is None or not (self._socket.is_shared or self._socket.is_refused)

    @property
    def note(self) -> str:
        """Why answers are slow, for status; empty where they are not, or nobody waits for one."""
        why = self._why_slow()
        if not self._open or not (why or self._trouble):
            return ""
        every_s = max(self._settings.poll, self._api.account.looks.every_s)
        pace = (
            f"answers are read every {show_duration(every_s)}, all questions together: {why}" if why else ""
        )
        return "; ".join(part for part in (pace, self._trouble) if part)

    async def replies(self, question: Question, reference: str) -> AsyncGenerator[Reply, None]:
        """As `Channel.replies`."""
        place, seen = Place.of(reference), set[str]()
        listener = Listener(question, place, await self._api.identity(), self.tell)
        async with aclosing(self._heard(listener)) as heard:
            async for reply in heard:
                if reply.reference not in seen:
                    seen.add(reply.reference)
                    yield await self._named(reply)

    async def tell(self, conversation: str, person: str, text: str, thread: str = "") -> None:
        """Say something that one person alone sees; whoever does not look just then will not.

        Raises:
            ChannelError: It was not said.
        """
        more = {"thread_ts": thread} if thread else {}
        await self._api.call(
            "chat.postEphemeral", channel=conversation, user=person, text=escaped(text), **more
        )

    async def _heard(self, listener: Listener) -> AsyncGenerator[Reply, None]:
        """Look, then listen until it is time to look again, for ever; some answers come twice."""
        reading, idle_s = Reading(self._api, listener.question, listener.place), 0.0
        self._join(listener)
        try:
            while True:
                at = self._api.account.looks.reserve(self._settings.poll)
                while time.monotonic() < at:
                    if reply := await listener.next(at):
                        yield reply
                for reply in await self._looked(reading, listener.place):
                    yield reply
                idle_s = self._idle_s(listener.place, idle_s)
                until = time.monotonic() + idle_s
                while reply := await listener.next(until):
                    yield reply
        finally:
            await self._leave(listener)

    async def _looked(self, reading: Reading, place: Place) -> list[Reply]:
        """What there is; nothing where Slack cannot be asked now: the question stays open."""
        try:
            if self._settings.app_token and not self.has_buttons and place not in self._deaf | self.ended:
                await self._on_deaf(place)
                self._deaf.add(place)
            found = await reading.look(is_only_way=not self.has_buttons)
        except ChannelError as error:
            if not error.retryable:
                raise
            self._trouble = str(error)
            return []
        self._trouble = ""
        return found

    def _idle_s(self, place: Place, before_s: float) -> float:
        """Until the next look, beside the common pace. What is pushed is read as well, ever less often."""
        if self._socket and self._socket.is_up and not self._socket.is_shared:
            return min(max(2 * before_s, self._settings.recheck), LONGEST_RECHECK_S)
        if place in self.ended:
            return ENDED_EVERY_S
        return min(max(2 * before_s, self._settings.poll), LONGEST_TROUBLE_S) if self._trouble else 0.0

    def _why_slow(self) -> str:
        if not self._settings.app_token:
            return "without app_token Slack pushes none"
        if not has_client():
            return "Socket Mode needs an extra: pip install 'nbalert[slack]'"
        if self._socket and self._socket.is_shared:
            return "others listen with this app token; an app of its own for each host brings buttons back"
        if self._socket and not self._socket.is_up:
            return f"Slack's socket is not up ({self._socket.why or 'it is being opened'})"
        return ""

    async def _named(self, reply: Reply) -> Reply:
        if not reply.person.startswith(("U", "W")):
            return reply  # a bot without a user
        person = await self._api.person(reply.person)
        return replace(reply, name=person.name or reply.name, is_bot=reply.is_bot or person.is_bot)

    def _join(self, listener: Listener) -> None:
        """Listen, by the socket that all asks of the app token share."""
        self._open += 1
        if self._settings.app_token and has_client():
            from nbalert.channels.slack_socket import SOCKETS

            self._socket = SOCKETS.join(self._key, self._new_socket)
            self._socket.board.add(listener)

    async def _leave(self, listener: Listener) -> None:
        """Listen no more."""
        self._open -= 1
        self._deaf.discard(listener.place)
        self.ended.discard(listener.place)
        if self._socket:
            from nbalert.channels.slack_socket import SOCKETS

            self._socket.board.remove(listener)
            if not self._open:
                self._socket = None
            await SOCKETS.leave(self._key)

    @property
    def _key(self) -> tuple[str, str]:
        assert self._settings.app_token
        return self._settings.base_url, self._settings.app_token.get_secret_value()

    def _new_socket(self) -> Socket:
        from nbalert.channels.slack_socket import Socket

        return Socket(SlackApi(self._channel, self._settings, *self._key), self._way)

    def _way(self, url: str) -> tuple[str, ssl.SSLContext | None]:
        """Proxy of a websocket, and whose certificates it believes."""
        to, settings = httpx.URL(url), self._settings
        is_safe = to.scheme == "wss"
        scheme, port = ("https", 443) if is_safe else ("http", 80)
        proxy = settings.network.proxy_for(scheme, to.host, to.port or port)
        return proxy, server_context(self._channel, settings.tls, settings.network) if is_safe else None
