"""Patterns of one's own: checked where the settings are read, and bounded in time where they are used.

Python's `re` cannot be stopped, and a pattern like `(a|aa)+$` takes years for sixty letters. So they are
worked by `regex`, which has a time limit and understands the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from nbalert.forks import whole_modules

if TYPE_CHECKING:
    import regex

TIMEOUT_S = 0.1
"""How long one pattern may take for one text: alerts are put together on the cell's own time."""


class TooSlow(Exception):
    """A pattern was at a text for too long: what of it is secret is not known."""


def checked(pattern: str) -> str:
    """The pattern, if it is one.

    Raises:
        ValueError: Says what is wrong with it, and where.
    """
    with whole_modules():
        import regex  # only who has patterns pays for it

    try:
        compiled = _compiled(pattern)
    except regex.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    if compiled.match(""):
        raise ValueError(f"{pattern!r} matches what is empty, and so stands everywhere")
    return pattern


def spans(pattern: str, text: str) -> Iterator[tuple[int, int]]:
    """Where a pattern that was checked matches: its group `secret`, or all of it.

    Raises:
        TooSlow: Within the time limit it came to no end.
    """
    compiled = _compiled(pattern)
    group = "secret" if "secret" in compiled.groupindex else 0
    try:
        for match in compiled.finditer(text, timeout=TIMEOUT_S):
            yield match.span(group)
    except TimeoutError:
        raise TooSlow(pattern) from None


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    import regex

    return regex.compile(pattern)
