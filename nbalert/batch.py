"""Cells that ran in a row, as one message: what auto mode tells of a Run All."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nbalert.cell_message import Parts, cell_message, name_of
from nbalert.durations import show_duration
from nbalert.endings import TELLS, Outcome, Telling, telling
from nbalert.message import Level, Message, Source
from nbalert.recording import CellRun
from nbalert.redaction import Redactor

SLOWEST = 5
"""So many cells are named, with the time that each took."""
_FAILURES = TELLS["failure"]


@dataclass(frozen=True, slots=True)
class _Ran:
    """What is kept of each cell."""

    place: int
    number: int | None
    duration_s: float
    begins: str


@dataclass(slots=True)
class Batch:
    """Cells that ran one after the other without a pause.

    Args:
        count: How many have run.
        aborted: How many did not run because one before them had failed.
        duration_s: Of all together.
        slowest: The longest ones, longest first.
        failed: The first one that failed, and its place among all, from 1.
        last: The last one.
        longest_s: Of the longest of those that no magic tells of.
        has_untold_failure: Whether one failed that no magic tells of.
    """

    count: int = 0
    aborted: int = 0
    duration_s: float = 0.0
    slowest: list[_Ran] = field(default_factory=list)
    failed: tuple[int, CellRun] | None = None
    last: CellRun | None = None
    longest_s: float = 0.0
    has_untold_failure: bool = False

    def add(self, run: CellRun) -> None:
        """One more has ended."""
        self.count += 1
        self.duration_s += run.duration_s
        self.last = run
        ran = _Ran(self.count, run.execution_count, run.duration_s, _first_line(run.body))
        self.slowest = sorted([*self.slowest, ran], key=lambda one: -one.duration_s)[:SLOWEST]
        if run.outcome in _FAILURES and self.failed is None:
            self.failed = self.count, run
        if run.is_auto:
            self.longest_s = max(self.longest_s, run.duration_s)
            self.has_untold_failure |= run.outcome in _FAILURES

    def telling(self, after_s: float, on: str) -> Telling:
        """When this is told, as far as no magic has told of it: what failed, and what took longer.

        A change is told however long it took: so was the failure before it.
        """
        if self.has_untold_failure:
            return telling(on, Outcome.FAILED)
        if self.longest_s >= after_s:
            return telling(on, Outcome.OK)
        return Telling.CHANGE if self.longest_s and "change" in on.split(",") else Telling.END

    @property
    def shown(self) -> CellRun:
        """The cell whose traceback or result the message has: the one that failed, else the last."""
        shown = self.failed[1] if self.failed else self.last
        assert shown is not None
        return shown

    def message(self, where: Source, redactor: Redactor) -> Message:
        """One cell as any alert, several as a summary.

        Args:
            where: Of the cell that is shown.
            redactor: Scrubs what is cut.
        """
        whole = cell_message(self.shown, Parts(redactor=redactor), where)
        return whole if self.count + self.aborted == 1 else _summary(self, whole, redactor)


def _summary(batch: Batch, whole: Message, redactor: Redactor) -> Message:
    took, total = show_duration(batch.duration_s), batch.count + batch.aborted
    if batch.failed is None:
        title, level = f"{batch.count} cells in {took}, all OK", Level.OK
    else:
        place, run = batch.failed
        word = "interrupted" if run.outcome is Outcome.INTERRUPTED else "failed"
        left = f", {batch.aborted} not run" if batch.aborted else ""
        title, level = f"{word} at cell {place} of {total} after {took}{left}", whole.level
    return replace(
        whole,
        title=f"{name_of(batch.shown)}: {title}",
        text="\n".join(filter(None, (*(_line(ran, redactor) for ran in batch.slowest), whole.text))),
        level=level,
        duration_s=batch.duration_s,
    )


def _line(ran: _Ran, redactor: Redactor) -> str:
    begins = redactor.code(ran.begins).text
    begins = begins if len(begins) <= 60 else f"{begins[:59]}…"
    number = f" [{ran.number}]" if ran.number else ""
    return f"cell {ran.place}{number}: {show_duration(ran.duration_s)}  {begins}"


def _first_line(body: str) -> str:
    return next((line.strip() for line in body.splitlines() if line.strip()), "")
