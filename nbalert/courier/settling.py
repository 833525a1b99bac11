"""What becomes of a delivery that was tried: it has ended, is tried again after a while, or is kept.

delivered, failed ─▶ on the trail, told     waiting ─▶ again, or kept: its senders and the inbox hear why
"""

from __future__ import annotations

import json
import logging
import random
import sqlite3
import time
from collections.abc import Callable
from typing import NamedTuple

from nbalert.courier.audit import Trail
from nbalert.courier.news import Worker
from nbalert.courier.pauses import FIRST_DELAY_S, LONGEST_WISH_S, backoff_s
from nbalert.courier.store import Store
from nbalert.errors import ChannelBusy, ChannelError
from nbalert.message import Receipt

log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """Posts that wait until the settings or rights of their channel are mended.

    Args:
        messages: Their ids.
        awaited: Those of them whose sender named the channel, and could wait for it.
    """

    project: str
    messages: list[str]
    awaited: list[str]
    reason: str


class Settling:
    """Writes down how tries have ended.

    Args:
        on_settled: Called with a message's id when a post of it has ended, whether it asks, and whether that
            was given up.
        on_kept: Called with what is kept from now on, which may be nothing, and why.
    """

    def __init__(
        self,
        store: Store,
        trail: Trail,
        on_settled: Callable[[str, bool, bool], None],
        on_kept: Callable[[Kept], None],
    ) -> None:
        self._store = store
        self._trail = trail
        self._on_settled = on_settled
        self._on_kept = on_kept

    def settle(self, row: sqlite3.Row, state: str, error: str, receipt: Receipt | None) -> None:
        """It has ended."""
        with self._store.transaction():
            self._store.execute(
                "UPDATE delivery SET state = ?, attempts = attempts + 1, error = ?, receipt = ?,"
                " settled_at = ? WHERE seq = ?",
                *(state, error, json.dumps(receipt.to_json()) if receipt else None),
                *(time.time(), row["seq"]),
            )
            self._trail.note_delivery(row, error, receipt)
        if row["kind"] == "post":
            self._on_settled(row["message"], row["question"] is not None, state == "failed")

    def fail(self, row: sqlite3.Row, error: str) -> None:
        """It is given up."""
        log.warning("given up: %s", error)
        self.settle(row, "failed", error, None)

    def again(self, worker: Worker, row: sqlite3.Row, error: ChannelError) -> None:
        """It is tried again after a while: as long as the service says, or longer each time."""
        delay_s = backoff_s(row["attempts"])
        if isinstance(error, ChannelBusy) and error.retry_after_s is not None:
            delay_s = min(error.retry_after_s, LONGEST_WISH_S) + random.uniform(0, 0.1 * FIRST_DELAY_S)
        worker.put_off(row["seq"], delay_s)
        self._store.execute(
            "UPDATE delivery SET attempts = attempts + 1, next_attempt_at = ?, error = ? WHERE seq = ?",
            *(time.time() + delay_s, str(error), row["seq"]),
        )

    def keep(self, worker: Worker, row: sqlite3.Row, reason: str) -> None:
        """It waits until that is mended, and so do all posts of its channel, each of which is told of once.

        A question fails instead: it holds up a cell.
        """
        self._store.execute(
            "UPDATE delivery SET attempts = attempts + 1, error = ? WHERE seq = ?", reason, row["seq"]
        )
        posts = self._store.rows(
            "SELECT d.*, q.id AS question FROM delivery d"
            " LEFT JOIN question q ON q.message = d.message WHERE d.project = ? AND d.channel = ?"
            " AND d.state = 'waiting' AND d.kind = 'post' AND d.seq > ? ORDER BY d.seq",
            *(row["project"], row["channel"], worker.told_seq),
        )
        for post in posts:
            worker.told_seq = post["seq"]
            if post["question"]:
                self.fail(post, reason)
        kept = [post for post in posts if not post["question"]]
        if kept:
            log.warning("%d kept until that is mended: %s", len(kept), reason)
        awaited = [post["message"] for post in kept if not post["about"]]
        self._on_kept(Kept(row["project"], [post["message"] for post in kept], awaited, reason))
