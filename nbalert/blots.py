"""Secrets that were found in a text, and the text without them: `«redacted: github token»`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

OPENS = "«redacted"
BLOT = re.compile(r"«redacted: [^»\n]{1,60}»")
"""What a reader sees in place of a secret."""


class Secret(NamedTuple):
    """Where one stands: its first character, the one after its last, and a word for what it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Found:
    """A text without secrets, and how many were in it."""

    text: str
    count: int


def blot(kind: str) -> str:
    """What stands in place of a secret."""
    return f"«redacted: {kind}»"


def without(text: str, secrets: Iterable[Secret]) -> Found:
    """The text in which each secret is a blot; those that touch each other are one."""
    parts, at, merged = [], 0, apart(secrets)
    for start, end, kind in merged:
        parts += [text[at:start], blot(kind)]
        at = end
    return Found("".join([*parts, text[at:]]), len(merged))


def uncut(secrets: Iterable[Secret], limit: int) -> int:
    """Where a text is to be cut, so that no secret is cut in two: half of one is not known for one."""
    return next((start for start, end, _ in secrets if start < limit < end), limit)


def apart(secrets: Iterable[Secret]) -> list[Secret]:
    """In order and apart from each other."""
    merged: list[Secret] = []
    longest_first = sorted(secrets, key=itemgetter(1), reverse=True)
    for start, end, kind in sorted(longest_first, key=itemgetter(0)):
        if merged and start <= merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(end, merged[-1].end))
        elif end > start:
            merged.append(Secret(start, end, kind))
    return merged
