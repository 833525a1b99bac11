"""A message into the store, with what the history finds it by: level, notebook, and which alert it is of.

Those stand in `listed`: its rows are short, and have indexes, while the bodies hold pictures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nbalert.courier.noise import Arrival, alert_of
from nbalert.courier.store import Store


def file(store: Store, arrival: Arrival) -> None:
    """Keep a message. The caller holds a transaction."""
    store.execute(
        "INSERT INTO message (id, accepted_at, origin, project, title, body) VALUES (?, ?, ?, ?, ?, ?)",
        *(arrival.id, arrival.accepted_at, arrival.origin, arrival.project),
        *(arrival.message["title"], json.dumps(arrival.message)),
    )
    store.execute(
        "INSERT INTO listed (message, accepted_at, level, notebook, alert) VALUES (?, ?, ?, ?, ?)",
        *(arrival.id, arrival.accepted_at, *_listed(arrival.message)),
    )


def renew(store: Store, id_: str, message: Mapping[str, Any]) -> None:
    """Put something newer in the place of a message. The caller holds a transaction."""
    store.execute(
        "UPDATE message SET title = ?, body = ? WHERE id = ?", message["title"], json.dumps(message), id_
    )
    store.execute(
        "UPDATE listed SET level = ?, notebook = ?, alert = ? WHERE message = ?", *_listed(message), id_
    )


def _listed(message: Mapping[str, Any]) -> tuple[str, str, str]:
    source = message["source"]
    alert = alert_of(source, message.get("alert", ""), message["title"])
    return message["level"], source["notebook"], alert
