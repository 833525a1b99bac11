"""One stream of answers an account, for all its questions: ntfy lets one request subscribe to many topics.

Each time it is opened it begins with all that the server has kept, so that nothing is missed in between.
Source: ntfy, "Subscribe via API": several topics, `since=all`; a sign of life every 45 s.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from nbalert.channels.http import Http
from nbalert.channels.ntfy_errors import fault
from nbalert.channels.sharing import Shared
from nbalert.errors import ChannelBusy, ChannelError, ChannelUnreachable
from nbalert.fields import ChannelSettings

log = logging.getLogger(__name__)

OWN_NAME = "ntfy"
TOPICS = 100
"""In one request: their names fit into a URL that every proxy takes."""
GATHER_S = 0.05
"""How long further questions are waited for, before the stream is opened anew with their topics."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0

Event = Mapping[str, Any]


class Listener:
    """One question's share of the stream.

    Args:
        channel: Name in the settings.
        topics: That its answers come on.
    """

    def __init__(self, channel: str, topics: Iterable[str]) -> None:
        self.channel, self.topics = channel, frozenset(topics)
        self.events: asyncio.Queue[Event | ChannelError] = asyncio.Queue()

    async def next(self) -> Event:
        """The next message on one of its topics; some come more than once.

        Raises:
            ChannelError: There will be none.
        """
        event = await self.events.get()
        if isinstance(event, ChannelError):
            raise type(event)(f"{self.channel}: {str(event).removeprefix(f'{OWN_NAME}: ')}")
        return event


class Streams:
    """Of one account.

    Args:
        settings: Of the channel that came first: its TLS options and its way out are those of all.
    """

    def __init__(self, settings: ChannelSettings, base_url: str, headers: Mapping[str, str]) -> None:
        self.trouble = ""
        """Why no answers come just now; empty while they do."""
        self._http = Http(OWN_NAME, settings, base_url, headers, fault)
        self._listeners: set[Listener] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, channel: str, topics: Iterable[str]) -> Listener:
        """Hear what comes on these topics, and what has come already."""
        listener = Listener(channel, topics)
        self._listeners.add(listener)
        self._changed.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="ntfy streams")
        return listener

    def remove(self, listener: Listener) -> None:
        """Hear no longer; the stream goes on with the others' topics when it is opened next."""
        self._listeners.discard(listener)
        if not self._listeners and self._task:
            self._task.cancel()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._http.aclose()

    async def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            await asyncio.sleep(GATHER_S)
            self._changed.clear()
            error = await self._read_until_changed()
            if error is None:
                continue
            if not self.trouble:  # something was heard since the last one
                pause_s = FIRST_PAUSE_S
            self.trouble = str(error).removeprefix(f"{OWN_NAME}: ")
            log.info("ntfy's stream is not up: %s", self.trouble)
            if not error.retryable:
                for listener in self._listeners:
                    listener.events.put_nowait(error)
                return
            wish_s = error.retry_after_s if isinstance(error, ChannelBusy) else None
            await asyncio.sleep(pause_s if wish_s is None else wish_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _read_until_changed(self) -> ChannelError | None:
        """Read until there are other topics; or until a stream breaks off, and why."""
        topics = sorted({topic for listener in self._listeners for topic in listener.topics})
        tasks = [asyncio.create_task(self._read(batch)) for batch in _batches(topics)]
        changed = asyncio.create_task(self._changed.wait())
        try:
            done, _ = await asyncio.wait([*tasks, changed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, changed):
                task.cancel()
            await asyncio.gather(*tasks, changed, return_exceptions=True)
        for task in done & set(tasks):
            if isinstance(error := task.exception(), ChannelError):
                return error
            if error is not None:
                log.error("ntfy's stream failed in our own code", exc_info=error)
                return ChannelUnreachable(
                    f"{OWN_NAME}: the stream has failed; the courier's log has the rest"
                )
        return None

    async def _read(self, topics: list[str]) -> None:
        url = f"{','.join(topics)}/json"
        async with self._http.stream("GET", url, params={"since": "all"}) as lines:
            async for line in lines:
                self.trouble = ""
                self._hear(line)
        raise ChannelUnreachable(f"{OWN_NAME}: the stream has ended")

    def _hear(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return  # torn off, or none of ntfy's: what there is comes again
        if isinstance(event, dict) and event.get("event") == "message":
            for listener in self._listeners:
                if event.get("topic") in listener.topics:
                    listener.events.put_nowait(event)


def _batches(topics: list[str]) -> list[list[str]]:
    return [topics[at : at + TOPICS] for at in range(0, len(topics), TOPICS)]


STREAMS: Shared[Streams] = Shared()
"""By base URL and account."""
