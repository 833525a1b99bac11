from __future__ import annotations

import pytest

from nbalert.message import Level
from nbalert.thresholds import checked, judge

NAMES = {"loss": 0.7, "rows": 0}


def said(**expressions: str) -> tuple[Level | None, tuple[str, ...]]:
    """The verdict on a namespace with `loss` and `rows`."""
    return judge({Level[name]: text for name, text in expressions.items()}, lambda text: eval(text, NAMES))


def test_the_worst_true_one_wins() -> None:
    """Each that is true is shown; without one the level stays as it was."""
    lines = ("loss > 0.1: INFO", "loss > 0.5: WARNING")
    assert said(INFO="loss > 0.1", WARNING="loss > 0.5", CRITICAL="loss > 0.9") == (Level.WARNING, lines)
    assert said(CRITICAL="not rows", INFO="rows") == (Level.CRITICAL, ("not rows: CRITICAL",))
    assert said(INFO="rows") == (None, ())
    assert said(WARNING="") == (None, ())


def test_one_that_fails_is_a_warning() -> None:
    """Nobody knows what it would have said; a worse one that is true still wins."""
    line = "los > 1: cannot be evaluated: NameError: name 'los' is not defined"
    assert said(INFO="los > 1") == (Level.WARNING, (line,))
    assert said(INFO="los > 1", CRITICAL="loss")[0] is Level.CRITICAL


def test_what_is_no_expression_is_refused() -> None:
    """Before the cell runs for hours."""
    assert checked("a > 1 and b") == "a > 1 and b"
    for text in ("a >", "x = 1", "import os", ""):
        with pytest.raises(ValueError, match="is not an expression"):
            checked(text)
