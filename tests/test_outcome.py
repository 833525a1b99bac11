from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from IPython.core.interactiveshell import ExecutionResult

from nbalert.endings import Outcome
from nbalert.outcome import judge, text_of, traceback_of


class Mute(Exception):
    """Its text cannot be had, and it is false."""

    def __str__(self) -> str:
        raise ValueError

    def __bool__(self) -> bool:
        return False


def ended(*, early: BaseException | None = None, late: BaseException | None = None) -> Any:
    """What IPython says of a cell."""
    result: Any = cast("Any", ExecutionResult)(None)
    result.error_before_exec, result.error_in_exec = early, late
    return result


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, Outcome.OK),
        (ValueError(), Outcome.FAILED),
        (Mute(), Outcome.FAILED),
        (KeyboardInterrupt(), Outcome.INTERRUPTED),
        (asyncio.CancelledError(), Outcome.INTERRUPTED),
        (SystemExit(), Outcome.EXIT),
    ],
)
def test_the_exception_decides(error: BaseException | None, outcome: Outcome) -> None:
    """Whether it came before the cell ran, while it ran, or under `%%capture`."""
    for result, captured in [(ended(early=error), None), (ended(late=error), None), (ended(), error)]:
        assert judge(result, [], captured) == (outcome, error)


def test_no_result_is_an_interrupt() -> None:
    """An async cell was cancelled from outside."""
    assert judge(None, [], None) == (Outcome.INTERRUPTED, None)


def test_what_was_merely_shown_is_no_failure() -> None:
    """A nested cell or a display may fail; this one went on."""
    with pytest.raises(ValueError, match="shown") as shown:
        raise ValueError("shown")
    assert judge(ended(), [(shown.value, []), (ValueError(), [])], None) == (Outcome.OK, None)


def test_an_exception_that_cannot_speak_is_described() -> None:
    """`__str__` is code of the user."""
    assert text_of(Mute()) == "<its __str__ failed>"
    assert text_of(None) is None
    assert "Mute" in traceback_of(Mute(), [])


def test_the_traceback_is_that_of_the_exception() -> None:
    """Not of another one that was shown; colours are gone."""
    error = ValueError("mine")
    shown = [(ValueError("mine"), ["other"]), (error, ["\x1b[31mred\x1b[0m", "line"])]
    assert traceback_of(error, shown) == "red\nline"
    assert traceback_of(error, []) == "ValueError: mine"
    assert traceback_of(None, shown) == ""
