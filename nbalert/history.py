"""What `nbalert history` reads from the courier, the trail checked or all of it; and `nbalert retry`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from nbalert.agreement import disagreements
from nbalert.client import Client
from nbalert.trail import Head, broken


def faults(client: Client) -> list[str]:
    """What is wrong with audit trail and ledger, a line each; empty if nothing is.

    Raises:
        CourierError: There is no courier to ask.
    """
    head = Head(*client.request({"do": "trail", "after": 0})["head"])
    leaves = list(_rows(client, "book", ""))
    rows = list(_rows(client, "trail", 0))
    found = list(broken(rows, head))
    return found or list(disagreements(rows, leaves, head.seq))


def exported(client: Client) -> dict[str, Any]:
    """Everything on record: the trail's entries, each with its hash, the head, and all deliveries."""
    head = Head(*client.request({"do": "trail", "after": 0})["head"])
    entries = ({**json.loads(row["entry"]), "sha256": row["sha256"]} for row in _rows(client, "trail", 0))
    return {
        "head": head._asdict(),
        "trail": list(entries),
        "deliveries": list(_rows(client, "deliveries", 0)),
    }


def retry(client: Client, messages: Sequence[str] = ()) -> str:
    """Send again what was given up; how many deliveries, in words.

    Args:
        messages: Ids; all where empty.

    Raises:
        CourierError: There is no courier to ask.
    """
    count = client.request({"do": "retry", "messages": list(messages)})
    says = f"{count} {'delivery is' if count == 1 else 'deliveries are'} tried again"
    return says if count else "nothing to send again: nothing of that was given up, and nothing is kept"


def _rows(client: Client, what: str, after: int | str) -> Iterator[dict[str, Any]]:
    while True:
        page = client.request({"do": what, "after": after})
        yield from page["rows"]
        if page["next"] is None:
            return
        after = page["next"]
