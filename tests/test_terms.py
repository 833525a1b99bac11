from __future__ import annotations

import math

import pytest

from nbalert.terms import CHOICE_CHARS, MOST_CHOICES, NEVER, Terms


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"need": 0}, "--need 0: at least one"),
        ({"timeout_s": 0.0}, "more than nothing"),
        ({"timeout_s": math.nan}, "more than nothing"),
        ({"channels": ["a", "a"]}, "named twice"),
        ({"approve": ["Go"], "reject": ["go"]}, "'go' cannot mean both"),
        ({"choices": [str(i) for i in range(MOST_CHOICES + 1)]}, "21 choices: no more than 20"),
        ({"choices": ["x" * (CHOICE_CHARS + 1)]}, "1 to 75 characters"),
        ({"choices": ["blue", "Blue"]}, "the same but for their case"),
        ({"choices": [" blue"]}, "no blanks around"),
        ({"choices": [""]}, "1 to 75"),
        ({"choices": ["a:b"]}, "after a colon"),
        ({"choices": ["a\nb"]}, "after a colon"),
        ({"choices": ["a"], "input": "int"}, "two kinds of question"),
        ({"input": "int", "need": 2}, "one person's"),
        ({"input": "date"}, "unknown input 'date'; an answer is text, int, float"),
    ],
)
def test_terms_that_cannot_be_met(terms: dict[str, object], says: str) -> None:
    """They are refused before anything is asked, with what is wrong."""
    with pytest.raises(ValueError, match=says):
        Terms(**terms)  # type: ignore[arg-type]


def test_terms_at_their_limits() -> None:
    """As many and as long as allowed; never is a timeout; several may choose the same."""
    choices = [f"{i:02}".ljust(CHOICE_CHARS, "x") for i in range(MOST_CHOICES)]
    assert Terms(choices=choices, need=3, timeout_s=NEVER).choices == choices
