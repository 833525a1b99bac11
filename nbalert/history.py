"""What `nbalert history` reads from the courier, and has it do; the trail checked; and `nbalert retry`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbalert.agreement import disagreements
from nbalert.client import Client
from nbalert.following import until_tried
from nbalert.trail import Head, broken

RETRY_S = 30.0
"""How long it is shown how far sending again is."""
_STUCK = {"limit": 500, "state": "undelivered"}


class Reader:
    """What the history asks of the courier, and has it do.

    Raises:
        CourierError: Each of its methods, where there is no courier to ask.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def rows(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A row a message and channel, oldest first.

        Args:
            wanted: `limit`, and of `notebook`, `within_s`, `level`, `channel`, `state` what is not all.
        """
        return list(self._client.request({"do": "history", **wanted}))

    def channels(self) -> list[str]:
        """The names of those that anything was sent to."""
        return list(self._client.request({"do": "channels_told"}))

    def silences(self) -> list[dict[str, Any]]:
        """Those of now, oldest first."""
        return list(self._client.request({"do": "silences"}))

    def silence(self, alert: str, for_s: float) -> None:
        """Tell nothing of one alert for a while."""
        glob = glob_of(alert)
        self._client.request({"do": "silence", "for_s": for_s, "what": "alert", "glob": glob})

    def end_silence(self, silence: int) -> None:
        """End one of them."""
        self._client.request({"do": "unsilence", "silence": silence})

    def retry(self, messages: Sequence[str]) -> str:
        """Send again what was given up of these messages; how many deliveries, in words."""
        return retry(self._client, messages)


def glob_of(alert: str) -> str:
    """The pattern that matches this very name."""
    return re.sub(r"([*?[])", r"[\1]", alert)


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


def retry_shown(client: Client, messages: Sequence[str]) -> None:
    """Send again as `retry`, print what is done, and show how far it is where somebody sees that."""
    ids = list(messages) or [row["id"] for row in Reader(client).rows(_STUCK)]
    if result := until_tried(client.request, ids, lambda: print(retry(client, messages)), RETRY_S):
        print(result)


def _rows(client: Client, what: str, after: int | str) -> Iterator[dict[str, Any]]:
    while True:
        page = client.request({"do": what, "after": after})
        yield from page["rows"]
        if page["next"] is None:
            return
        after = page["next"]
