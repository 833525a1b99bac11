"""One long poll for all rooms in which questions are open.

    GET /sync ─▶ next_batch ─▶ GET /sync?since ─▶ events of the rooms ─▶ GET /sync?since ─▶ …
                                    └─ limited: what is missing, by /messages ─┘

Source: Client-Server API, "Syncing" and "Filtering", 2026-07-21.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from nbalert.channels.matrix_answers import KINDS, Event
from nbalert.channels.matrix_api import MatrixApi
from nbalert.channels.matrix_errors import Forbidden
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError

POLL_S = 30.0
"""How long the server holds a poll in which nothing happens; proxies cut what lasts a minute."""
AT_ONCE_S = 1.0
"""A poll that brings nothing in less time than this was not held: the next one waits for so long."""
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
TIMELINE = 20
"""Events of a room in one answer; what is beyond is fetched, in pages."""
PAGE = "50"

Hear = Callable[[str, list[Event], list[Event]], None]
"""Of a room its events, oldest first, and those that say who their senders are."""


class Sync:
    """The poll. It ends by being cancelled, or by an error that will not go away.

    Args:
        me: Id of the bot; what it says itself is not transferred.
        rooms: Those of now.
        hear: Called with what has happened.
        on_gap: Called where something may have been missed: at the start, too.
        on_left: Called where the bot is in a room no longer.
    """

    def __init__(
        self,
        api: MatrixApi,
        me: str,
        rooms: Callable[[], Iterable[str]],
        hear: Hear,
        on_gap: Callable[[], None],
        on_left: Callable[[str, ChannelError], None],
    ) -> None:
        self._api, self._me, self._rooms = api, me, rooms
        self._hear, self._on_gap, self._on_left = hear, on_gap, on_left
        self._since = ""
        self._changed = asyncio.Event()
        self.trouble = ""
        """Why nothing comes just now; empty while all is well."""

    @property
    def is_up(self) -> bool:
        """Whether what happens from now on is heard."""
        return bool(self._since)

    def look_elsewhere(self) -> None:
        """The rooms are others now: the poll that waits is given up for one that has them all."""
        self._changed.set()

    async def run(self) -> None:
        """Poll for ever.

        Raises:
            ChannelError: It would end the same way.
        """
        tries = 0
        while True:
            try:
                await self._sound_turn()
                self.trouble, tries = "", 0
            except ChannelError as error:
                if not error.retryable:
                    self._begin_anew(error)
                self.trouble = str(error)
                await asyncio.sleep(_delay_s(error, tries))
                tries += 1

    def _begin_anew(self, error: ChannelError) -> None:
        """A server that was set up anew does not know the place any more up to which it was heard."""
        if isinstance(error, ChannelDenied) or not self._since:
            raise error
        self._since = ""

    async def _sound_turn(self) -> None:
        try:
            await self._turn()
        except (KeyError, TypeError, AttributeError, ValueError):
            raise self._api.nonsense() from None

    async def _turn(self) -> None:
        if not self._since:
            begun = await self._api.get("sync", query={"filter": _sync_filter(self._me, ()), "timeout": "0"})
            self._since = str(begun["next_batch"])
            self._on_gap()
        began = time.monotonic()
        answer = await self._poll()
        if answer is None:
            return
        for room, part in _rooms_of(answer, "join"):
            await self._deal(room, part)
        for room, _ in _rooms_of(answer, "leave"):
            self._on_left(
                room, Forbidden(f"{self._api.name}: the bot was put out of the room {room}; invite it again")
            )
        is_new = answer["next_batch"] != self._since
        self._since = str(answer["next_batch"])
        if not is_new and time.monotonic() - began < AT_ONCE_S:
            await asyncio.sleep(AT_ONCE_S)

    async def _poll(self) -> Mapping[str, Any] | None:
        """What has happened; None where other rooms are to be polled."""
        self._changed.clear()
        query = {"since": self._since, "timeout": f"{POLL_S * 1000:.0f}", "set_presence": "offline"}
        query["filter"] = _sync_filter(self._me, self._rooms())
        poll = asyncio.ensure_future(self._api.get("sync", query=query, wait_s=POLL_S))
        change = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({poll, change}, return_when=asyncio.FIRST_COMPLETED)
            return poll.result() if poll.done() else None
        finally:
            for task in (poll, change):
                task.cancel()
            await asyncio.gather(poll, change, return_exceptions=True)

    async def _deal(self, room: str, part: Mapping[str, Any]) -> None:
        timeline = part.get("timeline") or {}
        if timeline.get("limited") and timeline.get("prev_batch"):
            between = {"from": self._since, "to": str(timeline["prev_batch"])}
            async for page in pages(self._api, room, self._me, between):
                self._hear(room, page.get("chunk") or [], page.get("state") or [])
        if events := timeline.get("events"):
            self._hear(room, events, (part.get("state") or {}).get("events") or [])


async def pages(
    api: MatrixApi, room: str, me: str, between: Mapping[str, str]
) -> AsyncIterator[Mapping[str, Any]]:
    """What happened in a room, oldest first.

    Args:
        between: `from`, and perhaps `to`: places that the server has named.

    Raises:
        ChannelError: As `MatrixApi.get`.
    """
    query = {**between, "dir": "f", "limit": PAGE, "filter": json.dumps(_events(me))}
    while True:
        page = await api.get("rooms", room, "messages", query=query)
        yield page
        if not page.get("end") or not page.get("chunk"):
            return
        query["from"] = str(page["end"])


def _events(me: str) -> dict[str, Any]:
    return {"types": KINDS, "not_senders": [me], "lazy_load_members": True}


def _sync_filter(me: str, rooms: Iterable[str]) -> str:
    """Messages and reactions of these rooms by others, with the names of their senders, and nothing else."""
    nothing: dict[str, Any] = {"types": []}
    members = {
        "types": ["m.room.member"],
        "lazy_load_members": True,
        "include_redundant_members": True,  # by another process of ours they may have been seen
    }
    return json.dumps(
        {
            "presence": nothing,
            "account_data": nothing,
            "room": {
                "rooms": sorted(rooms),
                "ephemeral": nothing,
                "account_data": nothing,
                "state": members,
                # Without members nobody would be told that the bot was put out of a room.
                "timeline": {**_events(me), "types": (*KINDS, "m.room.member"), "limit": TIMELINE},
            },
        }
    )


def _rooms_of(answer: Mapping[str, Any], how: str) -> list[tuple[str, Mapping[str, Any]]]:
    return list(((answer.get("rooms") or {}).get(how) or {}).items())


def _delay_s(error: ChannelError, tries: int) -> float:
    if isinstance(error, ChannelBusy) and error.retry_after_s is not None:
        return error.retry_after_s
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(tries, 20)) * random.uniform(0.5, 1.0)
