"""Figures that tests of this folder find out: `pytest tests/reliability --report` prints them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Figure = Callable[[str, object], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """An option of our own."""
    parser.addoption("--report", action="store_true", help="print the figures that were found")


@pytest.fixture
def figure(record_property: Figure) -> Figure:
    """`figure(name, value)` notes a line of the report; also from another worker."""
    return lambda name, value: record_property("figure", f"{name}: {value}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """All figures, by the test that has found them."""
    if not config.getoption("--report", default=False):
        return
    terminalreporter.section("figures")
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, line in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(str(line))
