"""The options of a magic's line, with errors in one line that name the nearest option."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from IPython.core.error import UsageError

from nbalert.nearest import with_nearest

_LACKING = {
    "ask": 'say what to ask: {sign}ask "Drop table users?"',
    "nbalert": "say what to do: %nbalert status; %nbalert? has all of it",
}


@lru_cache(maxsize=64)  # a line is parsed at each transform of its cell, and at its begin and end
def parsed(magic: Any, line: str, sign: str = "%") -> argparse.Namespace:
    """The options of a line, quotes taken off; to be read, not changed.

    Args:
        magic: Decorated by `magic_arguments`.
        sign: What stands before its name: `%` or `%%`.

    Raises:
        UsageError: In one line, with what is allowed.
    """
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()  # an apostrophe in free text
    return understood(magic, words, sign)


def understood(magic: Any, words: Sequence[str], sign: str = "%") -> argparse.Namespace:
    """`parsed` of words that are split already."""
    try:
        options: argparse.Namespace = magic.parser.parse_args(words)
    except UsageError as error:
        said = with_nearest(str(error), magic.parser.format_help())
        if "arguments are required" in said:
            said = _LACKING[magic.__name__].format(sign=sign)
        raise UsageError(f"{sign}{magic.__name__}: {said}") from None
    return options


def no_option(word: str, filled: str) -> str:
    """A value that begins a word is no option, whatever it is.

    Args:
        word: As written, `{expr}` and all.
        filled: With its value.
    """
    if filled.startswith("-") and not word.startswith("-"):
        raise UsageError(f"the value of {word} begins with a minus sign: write something before it")
    return filled
