"""From the store to the channels: the one place that decides on another try.

Per project and channel one worker, oldest row first: order is kept because nothing overtakes the head.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from nbalert.channels.base import Channel
from nbalert.channels.carried import ChannelFault
from nbalert.channels.uploads import Upload, counting
from nbalert.courier.contents import Contents
from nbalert.courier.heads import channels_waiting, head
from nbalert.courier.news import News, Worker
from nbalert.courier.pauses import LONGEST_WISH_S, introduction_left_s
from nbalert.courier.projects import NotReady, Projects
from nbalert.courier.saying import Saying
from nbalert.courier.settling import Settling
from nbalert.courier.shown import look_of
from nbalert.courier.store import Store
from nbalert.errors import ChannelDenied, ChannelError, ChannelUnreachable
from nbalert.message import Receipt

log = logging.getLogger(__name__)

END_S = 1.0
"""How long an attempt may go on when the courier ends: a half one could arrive twice."""
RECHECK_S = 5.0
"""How often a channel that is not ready is looked at again without having been woken."""
DENIED_RECHECK_S = 300.0
"""How often a service that denies all is tried again: a permission may be given back without a word here."""
ATTEMPT_LIMIT_S = 120.0
GLOBAL = "global"
"""What a post is `about` that its sender did not name: nobody waits for it."""
FAULT_LIMIT = 10
"""Tries after which a channel's own bug (any error but a ChannelError) gives a message up."""

_AGAIN = (
    "UPDATE SET state = 'waiting', attempts = 0, faults = 0, next_attempt_at = 0 WHERE state != 'waiting'"
)
_Key = tuple[str, str]


class Delivery:
    """Works off the waiting rows.

    Args:
        settling: Writes down how tries have ended.
        has_introduced: Whether the process of that origin has brought its project's settings.
        catch_up: Routes what may be routed by now: nothing leaves before it is known who hears it.
    """

    def __init__(
        self,
        store: Store,
        projects: Projects,
        contents: Contents,
        settling: Settling,
        has_introduced: Callable[[str], bool],
        catch_up: Callable[[], None],
    ) -> None:
        self._store = store
        self._projects = projects
        self._saying = Saying(contents)
        self._settling = settling
        self._has_introduced = has_introduced
        self._catch_up = catch_up
        self._workers: dict[_Key, Worker] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._uploads: dict[int, Upload] = {}
        self._is_closing = False

    def add(
        self,
        message: str,
        project: str,
        channel: str,
        kind: str,
        about: str = "",
        *,
        is_repeated: bool = False,
    ) -> None:
        """Queue a delivery; `wake` starts it. The caller holds a transaction.

        Args:
            kind: `post`, `update` or `remind`.
            about: What tells it from others of its kind: of one message and channel there is one of each.
            is_repeated: Whether one that has ended is done once more; one that waits is the same anyway.
        """
        self._store.execute(
            "INSERT INTO delivery (message, project, channel, kind, about) VALUES (?, ?, ?, ?, ?)"
            f" ON CONFLICT (message, channel, kind, about) DO {_AGAIN if is_repeated else 'NOTHING'}",
            *(message, project, channel, kind, about),
        )
        if worker := self._workers.get((project, channel)):
            worker.tell(News.ARRIVAL)

    def drop(self, message: str, channel: str) -> bool:
        """Take back a post that was never tried. The caller holds a transaction.

        Returns:
            Whether there is none any more.
        """
        self._store.execute(
            "DELETE FROM delivery WHERE message = ? AND channel = ? AND kind = 'post' AND about = ''"
            " AND state = 'waiting' AND attempts = 0",
            *(message, channel),
        )
        for (_, name), worker in self._workers.items():
            if name == channel:
                worker.tell(News.ARRIVAL)
        left = "SELECT 1 FROM delivery WHERE message = ? AND channel = ? AND kind = 'post' AND about = ''"
        return self._store.row(left, message, channel) is None

    def add_to_posts(self, message: str, kind: str, about: str = "") -> None:
        """Queue one wherever the message stands, or will. The caller holds a transaction."""
        for post in self._store.rows(
            "SELECT project, channel FROM delivery WHERE message = ? AND kind = 'post' AND state != 'failed'",
            message,
        ):
            self.add(message, post["project"], post["channel"], kind, about)

    def wake(self) -> None:
        """Start a worker for every channel with waiting rows."""
        if self._is_closing:
            return
        for key in channels_waiting(self._store):
            if key not in self._workers:
                worker = self._workers[key] = Worker()
                worker.task = asyncio.create_task(self._work(key, worker))

    @property
    def is_busy(self) -> bool:
        """Whether a channel is being told something."""
        return bool(self._under_way)

    def renew(self, project: str, channels: Iterable[str]) -> None:
        """The settings of these channels are others now: what they put off or keep is tried at once."""
        for channel in channels:
            if worker := self._workers.get((project, channel)):
                worker.tell(News.MENDED)

    def way(self, messages: Sequence[str]) -> list[dict[str, Any]]:
        """How far the posts of messages are: state, tries, and bytes sent of those that are big."""
        rows = self._store.rows(
            "SELECT seq, channel, state, attempts FROM delivery WHERE kind = 'post'"
            " AND message IN (SELECT value FROM json_each(?)) ORDER BY seq",
            json.dumps(list(messages)),
        )
        uploads = (self._uploads.get(row["seq"], Upload()) for row in rows)
        return [{**dict(row), **asdict(upload)} for row, upload in zip(rows, uploads, strict=True)]

    def go_on(self, project: str) -> None:
        """A process of that project has brought its settings: what waited for it need not any more."""
        for key, worker in self._workers.items():
            if key[0] == project:
                worker.tell(News.SENDER)

    async def aclose(self) -> None:
        """Stop; what does not end soon is tried again by the next courier, with the same key."""
        self._is_closing = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=END_S)
        tasks = [worker.task for worker in self._workers.values() if worker.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, key: _Key, worker: Worker) -> None:
        try:
            while not self._is_closing and (row := self._routed_head(key)):
                delay_s = min(row["next_attempt_at"] - time.time(), worker.left_s(row["seq"]), LONGEST_WISH_S)
                if (grace_s := self._grace_s(row)) > 0:
                    worker.forget(News.SENDER)
                    await worker.wait(News.SENDER, grace_s)
                elif delay_s <= 0 or await self._is_mended(worker, delay_s):
                    worker.begin()
                    await self._attempt(key, worker, row)
        except sqlite3.Error:  # the disk is full, perhaps; the next round begins anew
            log.exception("deliveries of channel %s pause: the store cannot be used", key[1])
        finally:
            del self._workers[key]

    def _grace_s(self, row: sqlite3.Row) -> float:
        """How long to wait for settings that may be newer than those known; not for ever: it may be dead."""
        if self._has_introduced(row["origin"]):
            return 0.0
        return introduction_left_s(row["accepted_at"])

    async def _is_mended(self, worker: Worker, delay_s: float) -> bool:
        """Wait, and be told of other settings. What an earlier courier put off they do not hasten.

        It may have been the service's wish, and nobody knows whether they are others than they were then.
        """
        return await worker.wait(News.MENDED if worker.has_tried else News(0), delay_s)

    def _routed_head(self, key: _Key) -> sqlite3.Row | None:
        """The oldest row; whether it leaves is known, or its settings are not, and it waits for them."""
        row = head(self._store, *key)
        if row and row["is_unrouted"]:
            self._catch_up()
            row = head(self._store, *key)
        return row

    async def _attempt(self, key: _Key, worker: Worker, row: sqlite3.Row) -> None:
        try:
            with self._projects.using(*key, look_of(row["shown"])) as channel:
                if row["is_unrouted"]:
                    raise NotReady("waits for an earlier alert, whose sender has not brought its settings")
                receipt = await self._call(channel, row)
        except NotReady as error:
            if row["error"] != str(error):  # it may wait for days, and is looked at every few seconds
                self._store.execute("UPDATE delivery SET error = ? WHERE seq = ?", str(error), row["seq"])
            await worker.wait(News.MENDED, RECHECK_S)
        except TimeoutError:
            late = ChannelUnreachable(f"{key[1]}: no end after {ATTEMPT_LIMIT_S:.0f} s")
            self._settling.again(worker, row, late)
        except ChannelDenied as error:
            await self._keep(key, worker, row, str(error))
        except ChannelError as error:
            if error.retryable:
                self._settling.again(worker, row, error)
            else:
                self._settling.fail(row, str(error))
        except Exception as error:
            log.exception("channel %s failed in its own code", key[1])
            self._fault(worker, row, f"{key[1]}: {_bug(error)}")
        else:
            self._settling.settle(row, "delivered", "", receipt)

    def _fault(self, worker: Worker, row: sqlite3.Row, says: str) -> None:
        """A custom channel's bug must neither stop the others nor block its own queue for ever."""
        self._store.execute("UPDATE delivery SET faults = faults + 1 WHERE seq = ?", row["seq"])
        if row["faults"] + 1 >= FAULT_LIMIT:
            self._settling.fail(row, says)
        else:
            self._settling.again(worker, row, ChannelUnreachable(says))

    async def _call(self, channel: Channel, row: sqlite3.Row) -> Receipt | None:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        upload = self._uploads[row["seq"]] = Upload()
        try:
            with counting(upload):
                async with asyncio.timeout(ATTEMPT_LIMIT_S):
                    return await self._saying.say(channel, row)
        finally:
            self._under_way.discard(task)
            del self._uploads[row["seq"]]

    async def _keep(self, key: _Key, worker: Worker, row: sqlite3.Row, reason: str) -> None:
        """The service takes nothing from us: alerts wait until that is mended.

        A new delivery is a reason to try the oldest again, so that a question behind it is told of the state
        of now.
        """
        if row["kind"] != "post":  # what it is about is there already, and may be all that is forbidden
            self._settling.fail(row, reason)
            return
        worker.forget(News.ARRIVAL)
        self._settling.keep(worker, row, reason)
        if head(self._store, *key):
            await worker.wait(News.MENDED | News.ARRIVAL, DENIED_RECHECK_S)


def _bug(error: Exception) -> str:
    if isinstance(error, ChannelFault):  # of another process, which has no log
        return str(error)
    return f"{type(error).__name__} in the channel's own code; the courier's log has the rest"
