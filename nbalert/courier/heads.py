"""Which channels something waits for, and of each the oldest delivery, with all that is needed to work it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from nbalert.courier.store import Store

_HEAD = """
SELECT d.*, m.body, m.origin, m.accepted_at, q.id AS question, r.shown,
    -- Set for messages that show progress alone; for those that end one the message that shows it.
    iif(p.run IS NULL, NULL, p.final IS NOT NULL) AS is_over, f.message AS continues,
    EXISTS (SELECT 1 FROM unrouted u WHERE u.message = d.message) AS is_unrouted
FROM delivery d JOIN message m ON m.id = d.message
LEFT JOIN question q ON q.message = m.id
LEFT JOIN progress p ON p.message = m.id LEFT JOIN progress f ON f.final = m.id
LEFT JOIN routed r ON r.message = m.id AND r.channel = d.channel AND r.shown != ''
WHERE d.project = ? AND d.channel = ? AND d.state = 'waiting' ORDER BY d.seq LIMIT 1
"""

# From one channel to the next by the index: DISTINCT would read all that waits, again and again in a burst.
_BY_CHANNEL = "ORDER BY project, channel LIMIT 1"
_FIRST = f"SELECT project, channel FROM delivery WHERE state = 'waiting' {_BY_CHANNEL}"
_NEXT = (
    "SELECT project, channel FROM delivery WHERE state = 'waiting' AND (project, channel) > (?, ?)"
    f" {_BY_CHANNEL}"
)


def channels_waiting(store: Store) -> Iterator[tuple[str, str]]:
    """Project and channel of all for which something waits."""
    found = store.row(_FIRST)
    while found:
        yield (found["project"], found["channel"])
        found = store.row(_NEXT, found["project"], found["channel"])


def head(store: Store, project: str, channel: str) -> sqlite3.Row | None:
    """It; None if none waits.

    Returns:
        The row of `delivery`; body, origin and accepted_at of its message; id of its question; `shown`, as
        its handler has it; `is_over`, `continues`: see `progress`; `is_unrouted`: who hears it is not known.
    """
    return store.row(_HEAD, project, channel)
