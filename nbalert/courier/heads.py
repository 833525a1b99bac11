"""The oldest delivery that waits for a channel, with all that is needed to work it."""

from __future__ import annotations

import sqlite3

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


def head(store: Store, project: str, channel: str) -> sqlite3.Row | None:
    """It; None if none waits.

    Returns:
        The row of `delivery`; body, origin and accepted_at of its message; id of its question; `shown`, as
        its handler has it; `is_over`, `continues`: see `progress`; `is_unrouted`: who hears it is not known.
    """
    return store.row(_HEAD, project, channel)
