"""What could not be delivered: the inbox hears of it, and it is sent again when somebody says so.

A delivery is given up (`failed`) where another try would end the same way, and kept (`waiting`, with an
error) where the service takes nothing from us. Both stay in the store.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from nbalert.courier.delivery import Delivery
from nbalert.courier.store import Store
from nbalert.errors import StoreError
from nbalert.inbox import InboxServer
from nbalert.message import Level, Message

log = logging.getLogger(__name__)

_STUCK = (
    # A question that has failed has ended: whoever asked knows, and nobody is to answer it any more.
    "FROM delivery d WHERE d.kind = 'post'"
    " AND (d.state = 'failed' OR d.state = 'waiting' AND d.error != '')"
    " AND NOT EXISTS (SELECT 1 FROM question q WHERE q.message = d.message)"
)


class Undelivered:
    """Tells of it once for each row of failures of a channel, and sends it again."""

    def __init__(self, store: Store, delivery: Delivery, inbox: InboxServer) -> None:
        self._store = store
        self._delivery = delivery
        self._inbox = inbox

    def look(self, message: str) -> None:
        """A post of the message was given up or is kept: tell the inbox, unless it asks."""
        for row in self._store.rows(f"SELECT d.* {_STUCK} AND d.message = ?", message):
            self._tell(row["project"], row["channel"], row["error"])

    def retry(self, messages: Sequence[str]) -> int:
        """Send again what was given up, and try at once what is kept.

        Args:
            messages: Ids; all messages where empty.

        Returns:
            How many deliveries are tried again.
        """
        chosen = "" if not messages else f" AND d.message IN ({', '.join('?' * len(messages))})"
        kept = self._store.rows(f"SELECT d.seq, d.project, d.channel {_STUCK}{chosen}", *messages)
        with self._store.transaction():
            for row in kept:
                self._store.execute(
                    "UPDATE delivery SET state = 'waiting', faults = 0, next_attempt_at = 0, error = '',"
                    " settled_at = NULL WHERE seq = ? AND state = 'failed'",
                    row["seq"],
                )
        for project, channel in {(row["project"], row["channel"]) for row in kept}:
            self._delivery.renew(project, [channel])
        self._delivery.wake()
        return len(kept)

    def _tell(self, project: str, channel: str, reason: str) -> None:
        arrived = self._store.row(
            "SELECT max(seq) AS seq FROM delivery WHERE project = ? AND channel = ? AND state = 'delivered'",
            *(project, channel),
        )
        since = arrived["seq"] if arrived else None
        message = Message(
            title=f"Channel {channel or '(default)'} does not deliver",
            text=f"{reason}\nMend that, then: nbalert retry."
            " What has not arrived is listed by nbalert history --failed.",
            level=Level.WARNING,
        )
        try:
            self._inbox.say(f"undelivered-{project}-{channel}-{since}", message)
        except StoreError as error:
            log.warning("the inbox cannot be told of an undelivered alert: %s", error)
