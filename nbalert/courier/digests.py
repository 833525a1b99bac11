"""Digests: alerts that are gathered in the store, and told as one message when that is due.

    gather ─▶ an open row of `digest`, its alerts in `digested` ─▶ work, in each round, once it is due
                      └─▶ its message with its deliveries, and the digest closed, in one transaction

One of a handler is due when its interval is over, counted from its first alert; one of a channel's rate when
there is room again. Its id is that of its message: what a killed courier left is done again, or was done.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from nbalert.clock import Clock
from nbalert.courier import moments
from nbalert.courier.attendance import OWN
from nbalert.courier.delivery import Delivery
from nbalert.courier.digest_text import Gathered, digest_text, interval_text
from nbalert.courier.filing import file
from nbalert.courier.noise import Arrival, alert_of
from nbalert.courier.store import Store
from nbalert.message import Level, Message
from nbalert.rates import parse_rate
from nbalert.templates import fill

Publish = Callable[[str, dict[str, Any]], object]
"""Takes a message as if it had come from the spool, within the transaction: its id and its entry."""


class Basket(NamedTuple):
    """Into which digest something goes.

    Args:
        handler: Its id; empty for what a channel's rate leaves over.
        title: Template of the digest's title.
        interval_s: After how long it is due; None if that depends on `rate`.
        publish: Topics that it is published to.
        rate: As it is written; empty for a handler's.
    """

    project: str
    channel: str
    handler: str
    title: str = "$count more alerts: $rate was reached"
    interval_s: float | None = None
    publish: tuple[str, ...] = ()
    rate: str = ""


class Digests:
    """The tables of digests.

    Args:
        has_room: Whether a channel of a project may be told one thing more, by its rate.
    """

    def __init__(
        self, store: Store, delivery: Delivery, clock: Clock, has_room: Callable[[str, str, str], bool]
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._clock = clock
        self._has_room = has_room

    def is_open(self, project: str, channel: str, handler: str = "") -> bool:
        """Whether something has been gathered there, and not been told yet."""
        return self._open(project, channel, handler) is not None

    def gather(self, message: str, basket: Basket) -> None:
        """Put a message into a digest. The caller holds a transaction."""
        found = self._open(basket.project, basket.channel, basket.handler)
        digest = found["id"] if found else self._begun(message, basket)
        self._store.execute(
            "INSERT INTO digested (into_message, channel, message) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            *(digest, basket.channel, message),
        )

    def work(self, publish: Publish) -> float | None:
        """Tell what is due; seconds until the next is, None if that is not known, or none is open."""
        due = list(self._due())
        for row in due:
            self._send(row, publish)
        if due:
            self._delivery.wake()
        return moments.left_s(self._store, self._clock, "digest", "is_open AND rate = ''")

    def open_ones(self) -> list[dict[str, Any]]:
        """For status: `project`, `channel`, `handler`, `count`, `opened_at`, and `due_at` or None."""
        rows = self._store.rows(
            "SELECT g.project, g.channel, g.handler, g.rate, g.opened_at,"
            " iif(g.rate = '', g.at, NULL) AS due_at,"
            " (SELECT count(*) FROM digested d WHERE d.into_message = g.id) AS count"
            " FROM digest g WHERE g.is_open ORDER BY g.opened_at"
        )
        return [dict(row) for row in rows]

    def _open(self, project: str, channel: str, handler: str) -> sqlite3.Row | None:
        return self._store.row(
            "SELECT id FROM digest WHERE project = ? AND channel = ? AND handler = ? AND is_open",
            *(project, channel, handler),
        )

    def _begun(self, message: str, basket: Basket) -> str:
        place = (basket.project, basket.channel, basket.handler, message)
        id_ = f"digest-{hashlib.sha256(json.dumps(place).encode()).hexdigest()[:32]}"
        due = moments.after(self._clock, basket.interval_s or 0.0)
        self._store.execute(
            "INSERT INTO digest (id, project, channel, handler, title, interval_s, publish, rate, opened_at,"
            " at, boot, boot_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(id_, basket.project, basket.channel, basket.handler, basket.title, basket.interval_s),
            *(json.dumps(basket.publish), basket.rate, self._clock.time_s(), *due),
        )
        return id_

    def _due(self) -> Iterator[sqlite3.Row]:
        for row in self._store.rows(
            f"SELECT * FROM digest WHERE is_open AND {moments.HAS_COME} ORDER BY opened_at",
            *moments.now(self._clock),
        ):
            if not row["rate"] or self._has_room(row["project"], row["channel"], row["rate"]):
                yield row

    def _send(self, row: sqlite3.Row, publish: Publish) -> None:
        with self._store.transaction():
            message = digest_message(row, self._gathered(row["id"]))
            self._store.execute("UPDATE digest SET is_open = 0 WHERE id = ?", row["id"])
            topics = json.loads(row["publish"])
            if not topics:
                self._keep(row, message)
            for number, topic in enumerate(topics):
                entry = {"origin": OWN, "project": row["project"], "message": {**message, "topic": topic}}
                channels = [row["channel"]] if row["channel"] and number == 0 else []
                publish(f"{row['id']}-{number}" if number else row["id"], {**entry, "channels": channels})

    def _keep(self, row: sqlite3.Row, message: dict[str, Any]) -> None:
        file(self._store, Arrival(row["id"], self._clock.time_s(), OWN, row["project"], message))
        self._delivery.add(row["id"], row["project"], row["channel"], "post")

    def _gathered(self, digest: str) -> list[Gathered]:
        """Without the pictures and outputs, which may be large."""
        rows = self._store.rows(
            "SELECT m.accepted_at, m.title, json_extract(m.body, '$.source') AS source,"
            " json_extract(m.body, '$.level') AS level, json_extract(m.body, '$.alert') AS alert,"
            " json_extract(m.body, '$.topic') AS topic, json_extract(m.body, '$.error') AS error,"
            " json_extract(m.body, '$.text') AS text"
            " FROM digested d JOIN message m ON m.id = d.message WHERE d.into_message = ?"
            " ORDER BY m.accepted_at, m.id",
            digest,
        )
        return [_gathered(row) for row in rows]


def digest_message(row: sqlite3.Row, alerts: Sequence[Gathered]) -> dict[str, Any]:
    """The digest as a message's plain values.

    Args:
        row: Of `digest`.
        alerts: Oldest first; at least one.
    """
    worst = max(one.level for one in alerts)
    values: dict[str, Callable[[], Any]] = {
        "count": lambda: len(alerts),
        "interval": lambda: interval_text(row["interval_s"] or parse_rate(row["rate"]).period_s),
        "rate": lambda: f"rate = {row['rate']}",
        "topic": lambda: ", ".join(sorted({one.topic for one in alerts if one.topic})),
        "level": lambda: worst.name,
        "first": lambda: alerts[0].title,
        "last": lambda: alerts[-1].title,
    }
    return Message(
        title=" ".join(fill(row["title"], values).split()),
        text=digest_text(alerts),
        level=worst,
        alert=f"digest {row['handler'] or row['channel']}",
    ).to_json()


def _gathered(row: sqlite3.Row) -> Gathered:
    alert = alert_of(json.loads(row["source"]), row["alert"], row["title"])
    says = row["error"] or row["text"]
    return Gathered(row["accepted_at"], Level[row["level"]], alert, row["title"], says, row["topic"])
