from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalert.durations import parse_duration, show_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400), ("1d", 86400), (" 0.5S ", 0.5)],
)
def test_parse(text: str, seconds: float) -> None:
    """The forms that people write."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "1h30", "5 m", "1e3", "h"])
def test_what_is_no_duration(text: str) -> None:
    """The error says which forms are understood."""
    with pytest.raises(ValueError, match=r"is not a duration; write 90, 90s, 10m, 2h or 1h30m"):
        parse_duration(text)


@given(st.text(max_size=8))
def test_nothing_else_is_raised(text: str) -> None:
    """Any text is a duration, not negative, or a ValueError."""
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.34, "0.3 s"),
        (42, "42 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (7800, "2 h 10 min"),
        (3600, "1 h"),
        (273600, "3 d 4 h"),
    ],
)
def test_show(seconds: float, text: str) -> None:
    """Two units at most."""
    assert show_duration(seconds) == text
