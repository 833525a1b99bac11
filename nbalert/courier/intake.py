"""From the spool into the store: what a process accepted becomes rows, exactly once."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from nbalert.courier.delivery import Delivery
from nbalert.courier.filing import file
from nbalert.courier.ledger import Ledger
from nbalert.courier.noise import Arrival
from nbalert.courier.progress import Progress
from nbalert.courier.routing import Routing
from nbalert.courier.shown import recovery
from nbalert.courier.store import Store
from nbalert.endings import Telling
from nbalert.matching import Change
from nbalert.question import Question
from nbalert.spool import POWER, Entry, Spool

log = logging.getLogger(__name__)

TOGETHER = 100
"""How many messages share a transaction at most."""
GATHER_S = 0.003
"""For how long a burst is gathered while something is sent anyway."""
_UNFIT = (
    *(KeyError, TypeError, ValueError),
    *(sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError),
)
"""What comes of an entry that has not the form of its version, and of a value that is no text.

A full disk is another error, and passes.
"""


class Intake:
    """Takes spool entries, oldest first, and wakes delivery.

    Args:
        on_silent: Called with the id of a message that nobody is told, as its level is what it was.
    """

    def __init__(
        self,
        spool: Spool,
        store: Store,
        delivery: Delivery,
        ledger: Ledger,
        routing: Routing,
        progress: Progress,
        on_silent: Callable[[str], None],
    ) -> None:
        self._spool = spool
        self._store = store
        self._delivery = delivery
        self._ledger = ledger
        self._routing = routing
        self._progress = progress
        self._on_silent = on_silent
        self._call: asyncio.TimerHandle | None = None
        self._took_s = -GATHER_S
        self._is_closed = False

    def take(self) -> None:
        """Take all that waits. A crash between commit and removal is harmless: the id is known."""
        self._forget_call()
        try:
            self._take_together()
        except _UNFIT:  # nothing of its transaction stands; what is fit is taken by itself
            for entry in self._spool.take():
                self._alone(entry)
        self.route()
        self._took_s = time.monotonic()

    def take_soon(self) -> None:
        """Take what waits: at once where nothing else goes on, else with what comes in the next moment."""
        if self._call or self._is_closed:
            return
        is_burst = self._delivery.is_busy and time.monotonic() - self._took_s < GATHER_S
        self._call = asyncio.get_running_loop().call_later(GATHER_S if is_burst else 0.0, self.take)

    def catch_up(self) -> None:
        """Take now what is to be taken soon: what was said first happens first."""
        if self._call:
            self.take()

    def close(self) -> None:
        """Take nothing more by itself: it waits for the next courier."""
        self._is_closed = True
        self._forget_call()

    def _forget_call(self) -> None:
        if self._call:
            self._call.cancel()
            self._call = None

    def _take_together(self) -> None:
        """Messages that come in a row share transactions, each of which costs as much as a message."""
        for (is_message, is_power_safe, _), some in groupby(enumerate(self._spool.take()), _transaction_of):
            entries = (entry for _, entry in some)
            if is_message:
                self._enter_all(entries, is_power_safe=is_power_safe)
            else:
                for entry in entries:
                    self._alone(entry)

    def _enter_all(self, entries: Iterable[Entry], *, is_power_safe: bool) -> None:
        taken, silent = [], []
        with self._store.transaction(is_power_safe=is_power_safe):
            for entry in entries:
                if self.insert(entry.id, entry.data):
                    silent.append(entry.id)
                taken.append(entry.id)
        for id_ in taken:
            self._spool.remove(id_)
        for message in silent:
            self._on_silent(message)

    def _alone(self, entry: Entry) -> None:
        try:
            self._one(entry)
        except _UNFIT:
            log.exception("the spool entry %s has not the form of its version", entry.id)
            self._spool.set_aside(entry.id)
        else:
            self._spool.remove(entry.id)

    def route(self) -> None:
        """Find out who else hears what has been taken, as far as that is known, and wake delivery."""
        unheard = self._routing.go_on()
        self._delivery.wake()
        for message in unheard:
            self._on_silent(message)

    def _one(self, entry: Entry) -> None:
        data = entry.data
        if data["kind"] == "cancel":
            self._ledger.cancel(data["question"], data["reason"])
        elif data["kind"] == "outcome":
            self._ledger.close(data["question"], data["run"], data["outcome"])
        else:
            self.enter(entry.id, data)

    def enter(self, id_: str, data: dict[str, Any]) -> None:
        """A message into the store, once an id."""
        with self._store.transaction(is_power_safe=data.get("durable") == POWER):
            is_silent = self.insert(id_, data)
        if is_silent:
            self._on_silent(id_)

    def insert(self, id_: str, data: dict[str, Any]) -> bool:
        """The same within a transaction that the caller holds.

        Returns:
            Whether it is a message that nobody is told of whom its sender could wait for.
        """
        run, how = data.get("run", ""), data.get("telling", Telling.ALWAYS)
        if how == Telling.END:
            self._progress.end(run, data["message"])
            return False
        if self._store.row("SELECT 1 FROM message WHERE id = ?", id_):
            return False
        arrival = Arrival(id_, time.time(), data["origin"], data["project"], data["message"])
        change = None if arrival.message["question"] else self._routing.note(arrival)
        if how == Telling.CHANGE and change and change.is_recovery:
            arrival = replace(arrival, message=_recovered(arrival.message, change))
        file(self._store, arrival)
        is_silent = how == Telling.CHANGE and not (change and change.is_one)
        channels = [] if is_silent else self._channels(run, data)
        if run:
            self._progress.end(run, arrival.message, "" if is_silent else id_, channels)
        if is_silent:
            if change:
                self._routing.keep_quiet(arrival, data["channels"], change)
            return True
        return self._is_unheard(arrival, channels, change, is_end=bool(run))

    def _channels(self, run: str, data: dict[str, Any]) -> list[str]:
        """What continues something goes to where that stands, which is a channel by its own name."""
        channels = list(data["channels"])
        return self._progress.resolved(data["project"], channels) if run else channels

    def _is_unheard(
        self, arrival: Arrival, channels: list[str], change: Change | None, *, is_end: bool
    ) -> bool:
        """Have all hear it who are to; whether there is nobody whom its sender could wait for."""
        if change:
            return self._routing.enter(arrival, channels, change, is_end=is_end)
        for channel in channels:  # a question goes where it is put
            self._delivery.add(arrival.id, arrival.project, channel, "post")
        question = Question.from_json(arrival.message["question"])
        self._ledger.open(arrival.id, arrival.origin, question, _asker(arrival.message["source"]))
        return False


def _transaction_of(numbered: tuple[int, Entry]) -> tuple[bool, bool, int]:
    """What entries of one transaction have in common: that they are messages, how durable, which hundred."""
    number, entry = numbered
    return entry.data.get("kind") == "message", entry.data.get("durable") == POWER, number // TOGETHER


def _recovered(message: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """The message of an alert that failed before."""
    text = "\n".join(filter(None, (recovery(change), message["text"])))
    return {**message, "title": f"Recovered: {message['title']}", "text": text}


def _asker(source: dict[str, Any]) -> str:
    """`ann@host, nightly.ipynb`, as far as that is known."""
    person = "@".join(part for part in (source["user"], source["host"]) if part)
    return ", ".join(part for part in (person, source["notebook"]) if part)
