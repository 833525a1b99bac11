"""What SQLite does for somebody: which statements, and in how many steps of its machine."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

GRAIN = 10
"""Steps that are counted together."""
_VALUES = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
_MANY = re.compile(r"\?(?:, ?\?)+")


class Meter:
    """What happened on a connection.

    Attributes:
        statements: How often each has run, values left out; what triggers and searches run counts as well.
        steps: Of the machine, a statement.
    """

    def __init__(self) -> None:
        self.statements: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self._now = ""

    def begin(self, statement: str) -> None:
        """A statement begins."""
        self._now = _MANY.sub("?, …", _VALUES.sub("?", " ".join(statement.split())))
        self.statements[self._now] += 1

    def step(self) -> int:
        """Some steps of it; 0 lets it go on."""
        self.steps[self._now] += GRAIN
        return 0

    def grown(self, before: Meter, factor: float, slack: int) -> dict[str, tuple[int, int]]:
        """Statements that need more steps here than there: from how many to how many."""
        return {
            statement: (before.steps[statement], count)
            for statement, count in self.steps.items()
            if count > factor * before.steps[statement] + slack
        }


@contextmanager
def metered(database: sqlite3.Connection) -> Iterator[Meter]:
    """What is done on a connection in the block."""
    meter = Meter()
    database.set_trace_callback(meter.begin)
    database.set_progress_handler(meter.step, GRAIN)
    try:
        yield meter
    finally:
        database.set_trace_callback(None)
        database.set_progress_handler(None, 0)
