"""The table says what was measured, and a module that fails stops no other."""

from __future__ import annotations

from tests.benchmarks import table
from tests.benchmarks.__main__ import run
from tests.benchmarks.figures import RATE, Figure, Scale


def figure(who: str, *samples: float, unit: str = "ms", budget: float | None = None) -> Figure:
    """One of a group."""
    return Figure("Group", "arrives", who, unit, samples, budget=budget)


def test_of_a_figure() -> None:
    """The middle, what 99 of 100 do not exceed, and a budget: a bound from above, of a rate from below."""
    hundred = figure("nbalert", *range(1, 101), budget=50)
    assert (hundred.median, hundred.p99, hundred.is_met) == (50.5, 99, False)
    assert figure("nbalert", 9, unit=RATE, budget=8).is_met
    assert figure("zenml", 9).is_met is None


def test_the_ratio_is_ours_by_theirs() -> None:
    """Each is compared with nbalert's of the same name, and stands beside it."""
    figures = [figure("nbalert", 2, budget=3), figure("zenml", 8), figure("floor", 0.5)]
    assert [(row[1], row[2], row[5], row[6]) for row in table.rows(figures)] == [
        ("nbalert", "2.00", "", "≤ 3.00 ✓"),
        ("zenml", "8.00", "0.250", ""),
        ("floor", "0.500", "4.00", ""),
    ]


def test_numbers_have_three_digits() -> None:
    """Whatever their size."""
    assert [table.number(value) for value in (0, 0.01234, 9.876, 1234.5)] == ["0", "0.0123", "9.88", "1,234"]


def test_a_module_that_fails_stops_no_other() -> None:
    """What others measure counts, and the reason is told."""
    figures, failed = run(["table", "test_table"], Scale.QUICK)
    assert [(one.who, one.median) for one in figures] == [("nbalert", 1.0)]
    assert list(failed) == ["table"]
    assert "has no attribute" in failed["table"]


TITLE = "A module that can be measured"


def measure(scale: object) -> list[Figure]:
    """What `test_a_module_that_fails_stops_no_other` measures."""
    return [figure("nbalert", 1.0)]
