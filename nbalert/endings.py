"""How something that ran has ended: in a word, a title and a level. For cells and functions alike."""

from __future__ import annotations

import asyncio
from enum import StrEnum

from nbalert.durations import show_duration
from nbalert.message import Level
from nbalert.nearest import hint


class Outcome(StrEnum):
    """How it ended."""

    OK = "ok"
    FAILED = "failed"
    DISPLAY_FAILED = "display_failed"  # it ran, but its last value could not be shown
    INTERRUPTED = "interrupted"
    EXIT = "exit"


class Telling(StrEnum):
    """When an end is told."""

    ALWAYS = "always"
    CHANGE = "change"  # where its level is another than at its last run, which the courier knows
    END = "end"  # only where its progress stands: that ends with it


TELLS = {
    "always": frozenset(Outcome),
    "failure": frozenset(Outcome) - {Outcome.OK, Outcome.EXIT},
    "success": frozenset({Outcome.OK}),
    "change": frozenset[Outcome](),
}
"""Which outcomes are told in any case, by a word of what `--on` says."""


def checked_on(words: str) -> str:
    """What `--on` says: one of its words, or several with commas between.

    Raises:
        ValueError: Names the words that there are.
    """
    given = [word.strip() for word in words.split(",")]
    if wrong := [word for word in given if word not in TELLS]:
        known = f"choose one of {', '.join(TELLS)}, or several: failure,change"
        raise ValueError(f"{wrong[0]!r}: {known}{hint(wrong[0], TELLS)}")
    return ",".join(given)


def telling(on: str, outcome: Outcome) -> Telling:
    """When such an end is told, where any word that matches has it told.

    Args:
        on: As `checked_on` returns it.
    """
    words = on.split(",")
    if any(outcome in TELLS[word] for word in words):
        return Telling.ALWAYS
    return Telling.CHANGE if "change" in words else Telling.END


_WORDS = {
    Outcome.OK: ("finished in", Level.OK),
    Outcome.FAILED: ("failed after", Level.CRITICAL),
    Outcome.DISPLAY_FAILED: ("finished, but its result cannot be shown, in", Level.WARNING),
    Outcome.INTERRUPTED: ("was interrupted after", Level.WARNING),
    Outcome.EXIT: ("called exit after", Level.INFO),
}


def ending(name: str, outcome: Outcome, duration_s: float) -> tuple[str, Level]:
    """Title and level: `training failed after 2.5 s`, CRITICAL."""
    words, level = _WORDS[outcome]
    return f"{name} {words} {show_duration(duration_s)}", level


def outcome_of(error: BaseException | None) -> Outcome:
    """What an exception, or none, makes of what it ended."""
    match error:
        case None:
            return Outcome.OK
        case KeyboardInterrupt() | asyncio.CancelledError():  # an awaiting cell is cancelled (ipykernel 6, 7)
            return Outcome.INTERRUPTED
        case SystemExit():
            return Outcome.EXIT
        case _:
            return Outcome.FAILED
