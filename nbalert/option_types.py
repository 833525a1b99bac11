"""The types of options, for magics and the command alike: a wrong value is told in its own words."""

from __future__ import annotations

import argparse
import keyword
from collections.abc import Callable
from typing import TypeVar

from nbalert.durations import parse_duration, parse_interval, parse_timeout

LEVELS = ("OK", "INFO", "WARNING", "CRITICAL")
"""Names of `message.Level`, which `%load_ext` does not import."""

_Value = TypeVar("_Value")


def word_list(text: str) -> tuple[str, ...]:
    """`A,B`."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def duration(text: str) -> float:
    """`10m` in seconds."""
    return _typed(parse_duration, text)


def count(text: str) -> int:
    """How many."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return int(text)


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
