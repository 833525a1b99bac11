"""The contract suite as a class of pytest."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from nbalert.testing.checks import Check
from nbalert.testing.rows import NotTried, Row
from nbalert.testing.suite import checks_of


class ChannelContract:
    """What every channel has to keep: derive a class whose name begins with Test, and name your row.

    Each check is a test of its own. What a row does not let it look at is skipped, and says why.
    """

    row: ClassVar[type[Row] | None] = None
    rows: ClassVar[tuple[type[Row], ...]] = ()
    """Where there are several."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test for each check of each row."""
        if {"row_class", "check"} <= set(metafunc.fixturenames):
            rows = (*((self.row,) if self.row else ()), *self.rows)
            cases = [(row, check) for row in rows for check in checks_of(row)]
            ids = [f"{row.channel_class().kind}-{check.name}" for row, check in cases]
            metafunc.parametrize(("row_class", "check"), cases, ids=ids)

    def test_contract(self, row_class: type[Row], check: Check, tmp_path: Path) -> None:
        """What the check claims."""
        with row_class.open(tmp_path) as row:
            try:
                check.run(row)
            except NotTried as why:
                pytest.skip(f"{check.claim} Not tried: {why}")
            row.check()
