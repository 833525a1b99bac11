"""Records the run of an `%%alert` cell. Imported by the first one: the extension loads lighter without it."""

from __future__ import annotations

import base64
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from IPython.core.error import UsageError
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

from nbalert.bars import current, lines
from nbalert.capture import Bundle, Capture, Taps
from nbalert.cell_number import cell_number
from nbalert.endings import Outcome
from nbalert.kernel_name import session_name
from nbalert.outcome import error_of, judge, text_of, traceback_of
from nbalert.stacking import Stack, split
from nbalert.tracebacks import cell_of_shell, readable


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """One run of an `%%alert` cell, as its reader saw it. Holds plain values only, no object of the user.

    Args:
        id: Of this run, unique.
        source: The cell as written.
        body: The same without our magic lines.
        outcome: How it ended.
        result: What the page shows as its last `Out`, by MIME type; binary data as base64.
        displayed: The last displays in order, with updates applied.
        forgotten: How many there were before them.
        stdout: Tail of what was printed, progress bars resolved.
        stderr: The same for stderr.
        ename: Class name of the exception.
        evalue: Its text.
        traceback: As shown, without ANSI; empty if there was no exception.
        story: The same for a reader in a chat: what it says, then the frames of the user's own code.
        duration_s: Wall clock.
        execution_count: The `n` of `In[n]`.
        cell_id: The front end's; None where it sends none (nbclient).
        notebook: Path of the notebook where the front end tells it.
        alert_line: Options of its `%%alert`; empty for a cell without one, which auto mode records.
        is_auto: Whether auto mode records it, and no magic.
        started_at: Aware UTC.
    """

    id: str
    source: str
    body: str
    outcome: Outcome
    result: Bundle | None
    displayed: tuple[Bundle, ...]
    stdout: str
    stderr: str
    ename: str | None
    evalue: str | None
    traceback: str
    story: str
    duration_s: float
    execution_count: int | None
    cell_id: str | None
    notebook: str | None
    alert_line: str
    is_auto: bool
    started_at: datetime
    forgotten: int = 0


class Recorder:
    """Makes the recordings of one shell: they share its taps."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._taps = Taps(shell)

    def begin(self, source: str, info: ExecutionInfo, *, is_wanted: bool) -> Recording | None:
        """Record from now on; None for a cell without `%%alert` line that is not wanted either."""
        stack = split(source.splitlines(keepends=True))
        if stack.alert_line is None and not is_wanted:
            return None
        return Recording(self._shell, self._taps, stack, info)


class Recording:
    """An `%%alert` cell that runs.

    Attributes:
        id: Of this run, unique.
        alert_line: Options of its `%%alert`.
        is_auto: Whether it has no `%%alert`.
        body: The cell without our magic lines.
        started_at: Aware UTC.
    """

    def __init__(self, shell: InteractiveShell, taps: Taps, stack: Stack, info: ExecutionInfo) -> None:
        self.id, self.alert_line, self.body = uuid4().hex, stack.alert_line or "", stack.body
        self.is_auto = stack.alert_line is None
        self._shell, self._taps, self._stack, self._info = shell, taps, stack, info
        self._capture = Capture()
        self._captured_error: BaseException | None = None
        self._pid = os.getpid()
        self.started_at, self._started_s = datetime.now(UTC), time.perf_counter()
        taps.open(self._capture)

    @property
    def execution_count(self) -> int | None:
        """The `n` of `In[n]`."""
        return cell_number(self._shell)

    @property
    def cell_id(self) -> str | None:
        """The front end's; None where it sends none."""
        return getattr(self._info, "cell_id", None)

    @property
    def is_ours(self) -> bool:
        """Whether it began in this process, and not in the one that this was forked from within the cell."""
        return self._pid == os.getpid()

    def note_captured(self, source: str, result: ExecutionResult) -> None:
        """A cell that ran within this one has ended: `%%capture` tells nobody that its body failed."""
        if "capture" in self._stack.others and self._stack.body.rstrip().endswith(source.rstrip()):
            self._captured_error = error_of(result)

    def stop(self) -> None:
        """Record no more."""
        self._taps.close(self._capture)

    def output(self) -> str:
        """The tail of what it has printed so far; from any thread."""
        printed, bars = self._capture.stdout.text() + self._capture.stderr.text(), self._capture.displayed
        return "\n".join([printed.rstrip("\n"), *shown]) if (shown := lines(bars)) else printed

    def finish(self, result: ExecutionResult | None) -> CellRun:
        """The cell has ended; None as the result if it was cancelled from outside."""
        self.stop()
        capture = self._capture
        outcome, error = judge(result, capture.errors, self._captured_error)
        shown = traceback_of(error, capture.errors)
        return CellRun(
            id=self.id,
            source=self._info.raw_cell or "",
            body=self._stack.body,
            outcome=outcome,
            result=_plain_bundle(capture.result),
            displayed=tuple(map(current, capture.displayed)),
            forgotten=capture.forgotten,
            stdout=capture.stdout.text(),
            stderr=capture.stderr.text(),
            ename=None if error is None else type(error).__name__,
            evalue=text_of(error),
            traceback=shown,
            story=_story(self._shell, error, shown),
            duration_s=time.perf_counter() - self._started_s,
            execution_count=getattr(result, "execution_count", None),
            cell_id=self.cell_id,
            notebook=_notebook(self._shell),
            alert_line=self.alert_line,
            is_auto=self.is_auto,
            started_at=self.started_at,
        )


def _plain_bundle(bundle: Bundle | None) -> Bundle | None:
    """The kernel encodes images after the tap, as base64."""
    if bundle is None:
        return None
    return {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in bundle.items()}


def _story(shell: InteractiveShell, error: BaseException | None, shown: str) -> str:
    """What renders itself, and what a magic says of its own use, is short already."""
    if error is None or isinstance(error, UsageError) or hasattr(error, "_render_traceback_"):
        return shown

    return readable(error, partial(cell_of_shell, shell=shell), otherwise=shown)


def _notebook(shell: InteractiveShell) -> str | None:
    """Jupyter names it in the environment, VS Code in the user's namespace."""
    path = session_name() or shell.user_ns.get("__vsc_ipynb_file__")
    return str(path) if path else None
