"""From the spool into the store: what a process accepted becomes rows, exactly once."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from typing import Any

from nbalert.courier.delivery import Delivery
from nbalert.courier.ledger import Ledger
from nbalert.courier.routing import Arrival, Routing
from nbalert.courier.store import Store
from nbalert.question import Question
from nbalert.spool import POWER, Entry, Spool

log = logging.getLogger(__name__)

_UNFIT = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""What SQLite says of a value that is no text; a full disk is another error, and passes."""


class Intake:
    """Takes spool entries, oldest first, and wakes delivery."""

    def __init__(
        self, spool: Spool, store: Store, delivery: Delivery, ledger: Ledger, routing: Routing
    ) -> None:
        self._spool = spool
        self._store = store
        self._delivery = delivery
        self._ledger = ledger
        self._routing = routing

    def take(self) -> None:
        """Take all that waits. A crash between commit and removal is harmless: the id is known."""
        for entry in self._spool.take():
            try:
                self._one(entry)
            except (KeyError, TypeError, ValueError, *_UNFIT):
                log.exception("the spool entry %s has not the form of its version", entry.id)
                self._spool.set_aside(entry.id)
            else:
                self._spool.remove(entry.id)
        self.route()

    def route(self) -> None:
        """Find out who else hears what has been taken, as far as that is known, and wake delivery."""
        self._routing.go_on()
        self._delivery.wake()

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
            self._insert(id_, data)

    def _insert(self, id_: str, data: dict[str, Any]) -> None:
        message, now = data["message"], time.time()
        is_new = self._store.execute(
            # OR IGNORE would also ignore a missing value, and the message with it.
            "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            *(id_, now, data["origin"], data["project"], message["title"], json.dumps(message)),
        )
        if not is_new:
            return
        for channel in data["channels"]:
            self._delivery.add(id_, data["project"], channel, "post")
        if message["question"]:
            question = Question.from_json(message["question"])
            self._ledger.open(id_, data["origin"], question, _asker(message["source"]))
        self._routing.enter(Arrival(id_, now, data["origin"], data["project"], message))


def _asker(source: dict[str, Any]) -> str:
    """`ann@host, nightly.ipynb`, as far as that is known."""
    person = "@".join(part for part in (source["user"], source["host"]) if part)
    return ", ".join(part for part in (person, source["notebook"]) if part)
