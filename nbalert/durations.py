"""Durations as people write them: `90`, `90s`, `10m`, `2h`, `1h30m`, `1d`."""

from __future__ import annotations

import math
import re

SHORTEST_INTERVAL_S = 5.0
"""Chats take some edits a minute and channel before they ask to wait."""


class Written:
    """Marks a setting whose seconds are written as a duration."""


_UNITS_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")


def parse_duration(text: str) -> float:
    """Seconds of a duration; a bare number is seconds.

    Raises:
        ValueError: Says which forms are understood.
    """
    word = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", word):
        return float(word)
    if not _WHOLE.fullmatch(word):
        raise ValueError(f"{text!r} is not a duration; write 90, 90s, 10m, 2h or 1h30m")
    return sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(word))


def parse_timeout(text: str) -> float:
    """Seconds of a duration, infinite for `never`.

    Raises:
        ValueError: Says which forms are understood.
    """
    if text.strip().lower() == "never":
        return math.inf
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{error}, or never") from None


def parse_interval(text: str) -> float:
    """Seconds of how often something is said.

    Raises:
        ValueError: Says which forms are understood; it is shorter than chats would take.
    """
    if (seconds := parse_duration(text)) < SHORTEST_INTERVAL_S:
        raise ValueError(f"{text!r} is too often; write {SHORTEST_INTERVAL_S:.0f}s or more")
    return seconds


def written(seconds: float) -> str:
    """A duration as one writes it, in the largest unit of which it is a whole number: `15m`, `90s`."""
    if math.isinf(seconds):
        return "never"
    fits = (f"{seconds / size:.0f}{unit}" for unit, size in _UNITS_S.items() if not seconds % size)
    return next(fits, f"{seconds:g}s") if seconds else "0s"


def show_duration(seconds: float) -> str:
    """A duration for a reader, two units at most: `0.3 s`, `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, name, smaller, smaller_name in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {smaller_name}" if rest else "")
    return f"{whole} s"
