"""What a courier is still needed for, as far as the store knows."""

from __future__ import annotations

from nbalert.courier.store import Store

_WAITS = """
SELECT (SELECT count(*) FROM delivery WHERE state = 'waiting') + (SELECT count(*) FROM unrouted) AS number
"""
_IS_BUSY = """
SELECT EXISTS (SELECT 1 FROM delivery WHERE state = 'waiting')
    OR EXISTS (SELECT 1 FROM question WHERE decision IS NULL)
    OR EXISTS (SELECT 1 FROM digest WHERE is_open) AS is_busy
"""


def waiting(store: Store) -> int:
    """How many deliveries wait, and messages of which it is not known yet who hears them."""
    found = store.row(_WAITS)
    return int(found["number"]) if found else 0


def is_busy(store: Store) -> bool:
    """Whether something waits, is asked, or is gathered for a digest."""
    found = store.row(_IS_BUSY)
    return bool(found and found["is_busy"])
