"""Patterns that are compiled once they are needed: who only starts does not wait for them."""

from __future__ import annotations

import re
from functools import cache


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled by the first who asks for it."""
    return re.compile(pattern)
