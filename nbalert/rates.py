"""How much a channel is told: rates and the window of folding, as people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from nbalert.durations import parse_duration

FOLD_S = 10.0
"""Kernels that fail for one reason fail within seconds; who runs a cell again by hand takes longer."""

REMEMBERED = 256
"""How many pairs of `rate` and `fold` are kept as they were understood: each alert asks twice."""
_NAMED_S = {
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("m", "min", "minute"), 60.0),
    **dict.fromkeys(("h", "hour"), 3600.0),
    **dict.fromkeys(("d", "day"), 86400.0),
}


class Rate(NamedTuple):
    """At most so many in any period of that length."""

    most: int
    period_s: float


class Limits(NamedTuple):
    """How much a channel is told.

    Args:
        rate: As it is written; empty for any number.
        fold_s: Within what time several processes that say the same are one message.
    """

    rate: str = ""
    fold_s: float = FOLD_S


def parse_rate(text: str) -> Rate:
    """`10/min`, `100/h`, `5/30s`.

    Raises:
        ValueError: Says which forms are understood.
    """
    count, slash, period = (part.strip().lower() for part in str(text).partition("/"))
    if not (slash and re.fullmatch(r"[0-9]{1,9}", count)):
        raise ValueError(f"{text!r} is not a rate; write 10/min, 100/h or 5/30s")
    if int(count) == 0:
        raise ValueError(f"{text!r} lets nothing through; to keep messages waiting write enabled = false")
    try:
        period_s = _NAMED_S.get(period) or parse_duration(period)
    except ValueError:
        raise ValueError(f"{text!r} is not a rate; {period!r} is no period: write 10/min or 5/30s") from None
    if period_s < 1:
        raise ValueError(f"{text!r} is not a rate; its period is a second or more")
    return Rate(int(count), period_s)


def checked_rate(text: str) -> str:
    """A rate, or nothing for as many as there are.

    Raises:
        ValueError: It is neither.
    """
    if text:
        parse_rate(text)
    return text


def parse_fold(text: str) -> float:
    """Seconds of a window; 0 for `off`.

    Raises:
        ValueError: Says which forms are understood.
    """
    if text.strip().lower() == "off":
        return 0.0
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{error}, or off") from None


def limits_of(written: Mapping[str, Any]) -> Limits:
    """A channel's `rate` and `fold`; what is wrong counts as not written, as its kind says so already."""
    return _limits(str(written.get("rate", "")), str(written.get("fold", FOLD_S)))


@lru_cache(REMEMBERED)
def _limits(rate: str, fold: str) -> Limits:
    found = Limits()
    with suppress(ValueError):
        found = found._replace(rate=checked_rate(rate))
    with suppress(ValueError):
        found = found._replace(fold_s=parse_fold(fold))
    return found
