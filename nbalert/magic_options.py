"""The options of a magic's line: their types, and errors in one line that name the nearest option."""

from __future__ import annotations

import argparse
import keyword
import shlex
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from IPython.core.error import UsageError

from nbalert.durations import parse_duration, parse_interval, parse_timeout
from nbalert.nearest import with_nearest

_Value = TypeVar("_Value")


def parsed(magic: Any, line: str) -> argparse.Namespace:
    """The options of a line, quotes taken off.

    Args:
        magic: Decorated by `magic_arguments`.

    Raises:
        UsageError: In one line, with what is allowed.
    """
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()  # an apostrophe in free text
    return understood(magic, words)


def understood(magic: Any, words: Sequence[str]) -> argparse.Namespace:
    """`parsed` of words that are split already."""
    try:
        options: argparse.Namespace = magic.parser.parse_args(words)
    except UsageError as error:
        raise UsageError(with_nearest(str(error), magic.parser.format_help())) from None
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


def word_list(text: str) -> tuple[str, ...]:
    """`A,B`."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def duration(text: str) -> float:
    """`10m` in seconds."""
    return _typed(parse_duration, text)


def timeout(text: str) -> float:
    """`10m`, or `never`."""
    return _typed(parse_timeout, text)


def interval(text: str) -> float:
    """`10m` in seconds, not too short."""
    return _typed(parse_interval, text)


def which_ends(text: str) -> str:
    """`failure,change`."""
    from nbalert.endings import checked_on  # brings messages, and is not needed to load the extension

    return _typed(checked_on, text)


def identifier(text: str) -> str:
    """A name that Python takes."""
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name")
    return text


def expression(text: str) -> str:
    """What can be evaluated."""
    from nbalert.thresholds import checked  # a cell that asks for it pays for it

    return _typed(checked, text)


def _typed(parse: Callable[[str], _Value], text: str) -> _Value:
    """argparse shows the text of its own error alone."""
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
