"""By what the history is filtered: states of what was sent, and how each is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

STATES = {
    "delivered": "delivered",
    "waiting": "on its way",
    "undelivered": "not delivered",
    "quiet": "kept quiet or in a digest",
    "asked": "waits for an answer",
    "decided": "decided",
}
"""A word for each, and what a reader sees."""
KEPT_BACK = ("digested", "suppressed")
"""Verdicts by which a channel was not told."""

Row = Mapping[str, Any]
"""A message and a channel, as the courier tells of them."""


def states_of(row: Row) -> Iterator[str]:
    """The states of a row: of its delivery, and where it asks, of the question."""
    if row["state"] in KEPT_BACK:
        yield "quiet"
    elif row["state"] == "delivered":
        yield "delivered"
    elif row["state"]:
        yield "undelivered" if row["error"] else "waiting"
    if row["decision"]:
        yield "decided"
    elif row.get("question"):
        yield "asked"
