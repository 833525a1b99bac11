"""One long poll a bot, shared by all questions: Telegram has one reader a bot, and forgets what is confirmed.

An update is confirmed by asking for those after it. One that may be an answer is confirmed when the listener
of its question has come back for the next one: then the courier has it in its store.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from nbalert.channels.telegram_answers import KINDS, Subject, Update, subject_of
from nbalert.channels.telegram_api import Api
from nbalert.channels.telegram_errors import Taken
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelUnreachable

log = logging.getLogger(__name__)

LONG_S = 50
"""How long Telegram is asked to hold a request (Source: getUpdates; 50 s is what its own libraries take)."""
HOLD_S = 30.0
"""How long an answer waits, unconfirmed, for a listener: after a courier's start they come by and by."""
SETTLE_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
TAKEN_PAUSE_S = 15.0
REMEMBERED = 2000
"""Updates that a question is told of which is listened to anew."""


class Listener:
    """One question's share of the updates."""

    def __init__(self, channel: str, subject: Subject, on_stored: Callable[[int], None]) -> None:
        self.channel, self.subject = channel, subject
        self._on_stored = on_stored
        self._queue: asyncio.Queue[Update | ChannelError] = asyncio.Queue()
        self._current: int | None = None

    def put(self, item: Update | ChannelError) -> None:
        """Something has happened."""
        self._queue.put_nowait(item)

    async def next(self) -> Update:
        """The next update; to ask for it says that the one before is stored.

        Raises:
            ChannelError: There will be none.
        """
        if self._current is not None:
            self._on_stored(self._current)
            self._current = None
        item = await self._queue.get()
        if isinstance(item, ChannelError):
            raise type(item)(f"{self.channel}: {str(item).partition(': ')[2]}")
        self._current = int(item["update_id"])
        return item


class Updates:
    """The reader of one bot's updates, while anybody wants them.

    Args:
        api: Its errors name no channel: it is shared.
        on_click: Called with each click, and whether anybody listens to its question.
    """

    def __init__(self, api: Api, on_click: Callable[[Update, bool], None]) -> None:
        self.trouble = ""
        """Why no answers come just now; empty while they do."""
        self._api, self._on_click = api, on_click
        self._listeners: dict[Subject, set[Listener]] = {}
        self._recent: deque[tuple[Subject, Update]] = deque(maxlen=REMEMBERED)
        self._unstored: dict[int, float] = {}
        self._settled = asyncio.Event()
        self._seen: deque[int] = deque(maxlen=REMEMBERED)
        self._last = 0
        self._failure: ChannelError | None = None
        self._tried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def start(self) -> asyncio.Task[None]:
        """Read, if nobody did."""
        if self._task is None or self._task.done():
            self._failure = None
            self._tried.clear()
            self._task = asyncio.create_task(self._run(), name="telegram updates")
        return self._task

    async def ready(self, timeout_s: float) -> ChannelError | None:
        """Wait for the first answer; the error that it was, if it was one. What was wrong is tried anew."""
        if self._failure:
            await self.stop()
        self.start()
        try:
            await asyncio.wait_for(self._tried.wait(), timeout_s)
        except TimeoutError:
            return None
        return self._failure

    def add(self, channel: str, subject: Subject) -> Listener:
        """Hear what happens to a message, and what has happened already."""
        self.start()
        listener = Listener(channel, subject, self._stored)
        self._listeners.setdefault(subject, set()).add(listener)
        for about, update in self._recent:
            if about == subject:
                self._tell(listener, update)
        return listener

    def remove(self, listener: Listener) -> None:
        """Hear no longer."""
        listening = self._listeners.get(listener.subject, set())
        listening.discard(listener)
        if not listening:
            self._listeners.pop(listener.subject, None)

    def pause(self) -> None:
        """Read no longer, until somebody wants to know again."""
        if self._task:
            self._task.cancel()

    async def stop(self) -> None:
        """Read no longer."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                updates = await self._read()
            except ChannelError as error:
                if not self._goes_on(error):
                    return
                await asyncio.sleep(_wish_s(error) or pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            pause_s, self.trouble, self._failure = FIRST_PAUSE_S, "", None
            self._tried.set()
            for update in updates:
                self._take(update)
            await self._settle()

    async def _read(self) -> list[Update]:
        """The first time at once: whoever asks a question waits for it."""
        wait_s = LONG_S if self._tried.is_set() and not self._failure and not self._unstored else 0
        offset = min(self._unstored, default=self._last + 1) if self._last else None
        found = await self._api.call(
            "getUpdates", wait_s=wait_s, offset=offset, timeout=wait_s, allowed_updates=list(KINDS)
        )
        if not isinstance(found, list):
            raise ChannelUnreachable(f"{self._api.channel}: updates came that are none of Telegram's")
        return [update for update in found if isinstance(update, dict) and "update_id" in update]

    def _goes_on(self, error: ChannelError) -> bool:
        """Note what is wrong; whether it may be mended without a word to us."""
        self.trouble, self._failure = str(error).partition(": ")[2], error
        self._tried.set()
        log.info("Telegram's updates are not read: %s", self.trouble)
        if error.retryable or isinstance(error, Taken):
            return True
        for listener in [one for some in self._listeners.values() for one in some]:
            listener.put(error)
        return False

    def _take(self, update: Update) -> None:
        id_, subject = int(update["update_id"]), subject_of(update)
        if id_ in self._seen:
            return
        self._seen.append(id_)
        self._last = id_  # mostly the highest, but after a quiet week ids begin anew (Source: Update)
        if subject is None:
            return
        self._recent.append((subject, update))
        self._unstored[id_] = time.monotonic() + HOLD_S
        listeners = list(self._listeners.get(subject, ()))
        for listener in listeners:
            self._tell(listener, update)
        if not listeners and "callback_query" in update:
            self._on_click(update["callback_query"], False)

    def _tell(self, listener: Listener, update: Update) -> None:
        if "callback_query" in update:
            self._on_click(update["callback_query"], True)
        listener.put(update)

    def _stored(self, id_: int) -> None:
        self._unstored.pop(id_, None)
        if not self._unstored:
            self._settled.set()

    async def _settle(self) -> None:
        """Wait a little until all that may be answers are stored; what nobody wants is given up in time."""
        now = time.monotonic()
        self._unstored = {id_: until for id_, until in self._unstored.items() if until > now}
        self._settled.clear()
        if self._unstored:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), SETTLE_S)


def _wish_s(error: ChannelError) -> float | None:
    if isinstance(error, ChannelDenied):
        return TAKEN_PAUSE_S
    return error.retry_after_s if isinstance(error, ChannelBusy) else None
