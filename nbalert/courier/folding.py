"""Folding: failures that several processes tell alike within seconds are one message, which counts.

The count is shown where the message is posted; where it stands already, its channel edits it. On a channel
that cannot edit, the next message of that alert says how many more there were.
"""

from __future__ import annotations

import sqlite3

from nbalert.courier.counts import FOLD, FOLD_GLOBAL
from nbalert.courier.delivery import GLOBAL, Delivery
from nbalert.courier.noise import Arrival
from nbalert.courier.store import Store
from nbalert.message import Level

KEPT_S = 86400.0
"""How long it is remembered what was said, for the next of that alert."""


class Folding:
    """The table of what was said last, by its content."""

    def __init__(self, store: Store, delivery: Delivery) -> None:
        self._store = store
        self._delivery = delivery

    def shown_by(self, arrival: Arrival, channel: str, window_s: float) -> str:
        """The message that counts this one; empty if none does.

        What one process says twice it means twice.
        """
        found = self._found(arrival, channel) if can_fold(arrival) else None
        if found is None or found["origin"] == arrival.origin or not _is_within(found, arrival, window_s):
            return ""
        failed = self._store.row(
            "SELECT 1 FROM delivery WHERE message = ? AND channel IN (?, '') AND state = 'failed'",
            *(found["message"], channel),
        )
        return "" if failed else str(found["message"])

    def fold(self, arrival: Arrival, channel: str, into: str) -> None:
        """Count it in another. The caller holds a transaction."""
        self._store.execute(
            "INSERT INTO digested (into_message, channel, message) VALUES (?, ?, ?)",
            *(into, channel, arrival.id),
        )
        self._store.execute(
            "UPDATE folded SET count = count + 1 WHERE message = ? AND channel = ?", into, channel
        )
        post = self._store.row(  # the default channel may stand there without its name
            "SELECT project, channel, about FROM delivery WHERE message = ? AND kind = 'post'"
            " AND channel IN (?, '')"
            " ORDER BY channel = '' LIMIT 1",
            *(into, channel),
        )
        if post:
            about = FOLD_GLOBAL if post["about"] == GLOBAL else FOLD
            self._delivery.add(into, post["project"], post["channel"], "update", about, is_repeated=True)

    def begin(self, arrival: Arrival, channel: str, window_s: float) -> None:
        """It is delivered, and counts those that follow. The caller holds a transaction."""
        if not can_fold(arrival):
            return
        found = self._found(arrival, channel)
        if found and _is_within(found, arrival, window_s):
            return  # of the same process: the first goes on counting
        untold = found["count"] - found["told"] if found else 0
        self._store.execute(
            "INSERT OR REPLACE INTO folded (project, channel, same, message, origin, at, untold)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(arrival.project, channel, arrival.says, arrival.id, arrival.origin),
            *(arrival.accepted_at, untold),
        )
        self._store.execute("DELETE FROM folded WHERE at < ?", arrival.accepted_at - KEPT_S)

    def _found(self, arrival: Arrival, channel: str) -> sqlite3.Row | None:
        return self._store.row(
            "SELECT * FROM folded WHERE project = ? AND channel = ? AND same = ?",
            *(arrival.project, channel, arrival.says),
        )


def can_fold(arrival: Arrival) -> bool:
    """Whether it tells of a failure: good news of two processes are two."""
    return Level[arrival.message["level"]] >= Level.WARNING


def _is_within(found: sqlite3.Row, arrival: Arrival, window_s: float) -> bool:
    return bool(0 <= arrival.accepted_at - found["at"] <= window_s)
