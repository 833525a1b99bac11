"""Silences: for a while nothing is told of some alerts, or of any.

A silence ends by itself, by the earlier of two clocks. What it kept quiet is on record by its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from nbalert.clock import Clock
from nbalert.courier.moments import HAS_COME, after, left_s, now
from nbalert.courier.store import Store

ALL, ALERT, TOPIC = "all", "alert", "topic"
"""What a silence is about."""


class Named(NamedTuple):
    """By what an alert can be silenced.

    Args:
        names: Its title, its notebook's file, and what it is called over its runs.
    """

    names: tuple[str, ...]
    topic: str
    accepted_at: float


class Silences:
    """The table of silences."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def begin(self, for_s: float, what: str, glob: str = "") -> dict[str, Any]:
        """Silence what matches from now on.

        Args:
            for_s: Seconds.
            what: `all`, `alert` or `topic`.
            glob: Which of them; upper and lower case differ.

        Returns:
            `rule` and `until`, as in `active`.
        """
        end = after(self._clock, for_s)
        self._store.execute(
            "INSERT INTO silence (what, glob, began_at, at, boot, boot_s) VALUES (?, ?, ?, ?, ?, ?)",
            *(what, glob, self._clock.time_s(), *end),
        )
        return {"rule": rule_of(what, glob), "until": end.at_s}

    def end(self, silence: int | None = None) -> int:
        """End one of them, or all; how many."""
        return self._store.execute(
            "UPDATE silence SET ended_at = ?1 WHERE ended_at IS NULL AND id = coalesce(?2, id)",
            *(self._clock.time_s(), silence),
        )

    def work(self) -> float | None:
        """End those whose time is over; seconds until the next ends, None if none is left."""
        self._end_due()
        return left_s(self._store, self._clock, "silence", "ended_at IS NULL")

    def rule(self, alert: Named) -> str:
        """The rule that keeps an alert quiet; empty if none does."""
        self._end_due()
        rows = self._store.rows(
            "SELECT what, glob FROM silence WHERE ended_at IS NULL"
            " OR (began_at <= ? AND ended_at > ?) ORDER BY +id",  # by the index of ends, and then in order
            *(alert.accepted_at, alert.accepted_at),  # it may be asked about long after
        )
        return next(
            (rule_of(row["what"], row["glob"]) for row in rows if covers(row["what"], row["glob"], alert)), ""
        )

    def active(self) -> list[dict[str, Any]]:
        """Those of now, oldest first.

        Returns:
            `id`, `what` and `glob`, `rule`, `until` by the wall clock, `count` of what they kept quiet.
        """
        self._end_due()
        rows = self._store.rows(
            "SELECT s.id, s.what, s.glob, s.at AS until, (SELECT count(*) FROM routed r JOIN message m"
            " ON m.id = r.message WHERE r.rule = 'silence' || CASE s.what WHEN 'all' THEN ''"
            " ELSE ' --' || s.what || ' ' || s.glob END AND m.accepted_at >= s.began_at) AS count"
            " FROM silence s WHERE s.ended_at IS NULL ORDER BY s.id"
        )
        return [{**dict(row), "rule": rule_of(row["what"], row["glob"])} for row in rows]

    def _end_due(self) -> None:
        self._store.execute(
            f"UPDATE silence SET ended_at = min(at, ?) WHERE ended_at IS NULL AND {HAS_COME}",
            *(self._clock.time_s(), *now(self._clock)),
        )


def covers(what: str, glob: str, alert: Named) -> bool:
    """Whether a silence is about an alert."""
    if what == TOPIC:
        return fnmatchcase(alert.topic, glob)
    return what == ALL or _matches(alert.names, glob)


def rule_of(what: str, glob: str) -> str:
    """As it is typed: `silence --topic nightly*`."""
    return "silence" if what == ALL else f"silence --{what} {glob}"


def _matches(names: Iterable[str], glob: str) -> bool:
    return any(fnmatchcase(name, glob) for name in names)
