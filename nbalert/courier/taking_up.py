"""What waits in a store that was set aside, taken into the one of now, as far as it can be read."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from nbalert.courier.schema import LIST_ALL, SCHEMA_VERSION, migrate, version_of
from nbalert.courier.store import Store
from nbalert.unfit import set_apart

log = logging.getLogger(__name__)

_WAITING = (
    # A question is put to nobody any more: whoever asked has been told that it ended.
    "FROM delivery d JOIN message m ON m.id = d.message WHERE d.state = 'waiting' AND d.kind = 'post'"
    " AND NOT EXISTS (SELECT 1 FROM question q WHERE q.message = m.id) ORDER BY d.seq"
)
_TAKEN = (
    (
        f"SELECT m.id, m.accepted_at, m.origin, m.project, m.title, m.body {_WAITING}",
        "INSERT OR IGNORE INTO message (id, accepted_at, origin, project, title, body)"
        " VALUES (?, ?, ?, ?, ?, ?)",
    ),
    (
        f"SELECT d.message, d.project, d.channel, d.about, d.attempts, d.next_attempt_at, d.error {_WAITING}",
        "INSERT OR IGNORE INTO delivery"
        " (message, project, channel, kind, about, attempts, next_attempt_at, error)"
        " VALUES (?, ?, ?, 'post', ?, ?, ?, ?)",
    ),
    (
        "SELECT project, id, level, at, changed_at FROM alert",
        "INSERT OR IGNORE INTO alert (project, id, level, at, changed_at) VALUES (?, ?, ?, ?, ?)",
    ),
)
"""What is read there, and written here."""


def take_up(store: Store, aside: Path) -> None:
    """Take over what waits in a file that this nbalert can read, once; a newer one's is left as it is."""
    try:
        with closing(sqlite3.connect(aside, isolation_level=None)) as database, store.transaction():
            if version_of(database) > SCHEMA_VERSION:
                return
            migrate(database)
            for read, write in _TAKEN:
                for row in database.execute(read):
                    store.execute(write, *row)
            store.execute(LIST_ALL)
    except sqlite3.DatabaseError as error:
        if store.is_damaged:
            raise
        log.warning("%s cannot be read: %s", aside, error)
        return
    log.info("what waited in %s was taken up", aside)
    set_apart(aside)
