"""`--info`, `--warn` and `--crit`: expressions that decide, after a cell that went well, how bad it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from nbalert.message import Level


class Verdict(NamedTuple):
    """The worst level that an expression gives, None if none does; a line for each that has a say."""

    level: Level | None
    lines: tuple[str, ...]


def judge(expressions: Mapping[Level, str | None], evaluate: Callable[[str], object]) -> Verdict:
    """Evaluate each; one that fails is shown, and counts as WARNING: nobody knows what it would have said.

    Args:
        expressions: By the level that a true one gives; None for none.
        evaluate: Of the user's namespace.
    """
    given = {level: text for level, text in sorted(expressions.items()) if text}
    found = {level: _said(text, evaluate) for level, text in given.items()}
    levels = [Level.WARNING if fault else level for level, (is_so, fault) in found.items() if is_so or fault]
    lines = (
        f"{given[level]}: {fault or level.name}" for level, (is_so, fault) in found.items() if is_so or fault
    )
    return Verdict(max(levels, default=None), tuple(lines))


def _said(text: str, evaluate: Callable[[str], object]) -> tuple[bool, str]:
    """Whether it is true, and what went wrong."""
    try:
        return bool(evaluate(text)), ""
    except Exception as error:  # code of the user
        return False, f"cannot be evaluated: {type(error).__name__}: {error}"


def checked(text: str) -> str:
    """An expression as it was given.

    Raises:
        ValueError: It is none.
    """
    try:
        compile(text, "<threshold>", "eval")
    except SyntaxError as error:
        raise ValueError(f"{text!r} is not an expression: {error.msg}") from None
    return text
