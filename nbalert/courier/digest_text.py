"""What a digest says: its alerts by name, with how often, from when to when, and how bad. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from nbalert.message import Level

TITLE_CHARS = 160
SAYS_CHARS = 300
"""Of one alert; what is longer is in the history."""


class Gathered(NamedTuple):
    """One alert of a digest.

    Args:
        at: Seconds since the epoch.
        alert: What is one alert over its runs.
        says: The error, or what it says else.
    """

    at: float
    level: Level
    alert: str
    title: str
    says: str
    topic: str = ""


class Group(NamedTuple):
    """One alert's runs.

    Args:
        last: The newest of those that were worst.
    """

    runs: int
    levels: Counter[Level]
    first_at: float
    last_at: float
    last: Gathered

    @property
    def worst(self) -> Level:
        """The worst level."""
        return self.last.level


def grouped(alerts: Iterable[Gathered]) -> list[Group]:
    """The worst first, of those the most frequent."""
    by_alert: dict[str, list[Gathered]] = {}
    for one in alerts:
        by_alert.setdefault(one.alert, []).append(one)
    groups = [_group(runs) for runs in by_alert.values()]
    return sorted(groups, key=lambda group: (-group.worst, -group.runs, group.first_at))


def digest_text(alerts: Sequence[Gathered]) -> str:
    """A line or two for each alert; a channel trims what is too long, and sends the whole as a file."""
    return "\n".join(_line(group) for group in grouped(alerts))


def interval_text(seconds: float) -> str:
    """As people write it: `24 h`, `30 min`."""
    for unit_s, name, largest in ((60.0, "min", 120), (3600.0, "h", 48), (86400.0, "d", 10_000)):
        if seconds % unit_s == 0 and seconds / unit_s < largest + 1:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds:g} s"


def _group(runs: Sequence[Gathered]) -> Group:
    times = [one.at for one in runs]
    worst = max(one.level for one in runs)
    last = [one for one in runs if one.level == worst][-1]
    return Group(len(runs), Counter(one.level for one in runs), min(times), max(times), last)


def _line(group: Group) -> str:
    """`312 × CRITICAL  training failed after 2 s: ValueError: no rows (2026-11-27 08:00:01 – 23:59:10)`."""
    levels = group.worst.name
    if len(group.levels) > 1:
        parts = sorted(group.levels.items(), reverse=True)
        levels = ", ".join(f"{count} {level.name}" for level, count in parts)
        levels = f"({levels})"
    title, says = _cut(group.last.title, TITLE_CHARS), _cut(group.last.says, SAYS_CHARS)
    said = f"{title}: {says}" if says and says != title else title
    return f"{group.runs} × {levels}  {said} ({_times(group)})"


def _times(group: Group) -> str:
    first, last = (datetime.fromtimestamp(at).astimezone() for at in (group.first_at, group.last_at))
    begins = f"{first:%Y-%m-%d %H:%M:%S}"
    if f"{last:%Y-%m-%d %H:%M:%S}" == begins:
        return begins
    same_day = first.date() == last.date()
    return f"{begins} – {last:%H:%M:%S}" if same_day else f"{begins} – {last:%Y-%m-%d %H:%M:%S}"


def _cut(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
