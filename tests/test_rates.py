from __future__ import annotations

import pytest

from nbalert.rates import Limits, Rate, limits_of, parse_fold, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/min", Rate(10, 60.0)),
        (" 5 / 30s ", Rate(5, 30.0)),
        ("100/H", Rate(100, 3600.0)),
        ("1/day", Rate(1, 86400.0)),
        ("3/1h30m", Rate(3, 5400.0)),
    ],
)
def test_rates(text: str, rate: Rate) -> None:
    """As people write them."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0/min", "lets nothing through.*enabled = false"),
        ("10", "write 10/min"),
        ("-1/min", "write 10/min"),
        ("many/min", "write 10/min"),
        ("10/fortnight", "'fortnight' is no period"),
        ("10/0s", "a second or more"),
        ("", "write 10/min"),
    ],
)
def test_what_is_no_rate(text: str, says: str) -> None:
    """It is said what can be written."""
    with pytest.raises(ValueError, match=says):
        parse_rate(text)


def test_folding_is_switched_off() -> None:
    """By a word, or by no time at all."""
    assert (parse_fold("off"), parse_fold("0"), parse_fold("1m")) == (0.0, 0.0, 60.0)


def test_what_is_wrong_in_one_channel() -> None:
    """Counts as not written: its kind says what is wrong."""
    assert limits_of({"rate": "0/min", "fold": "5s"}) == Limits("", 5.0)
    assert limits_of({"rate": "2/s", "fold": "never"}) == Limits("2/s", 10.0)
