"""Watches the cells that IPython runs by itself; reports a `CellRun` for each `%%alert` cell."""

from __future__ import annotations

import base64
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

from nbalert.capture import Bundle, Capture, Taps
from nbalert.outcome import Outcome, error_of, judge, text_of, traceback_of
from nbalert.stacking import Check, Stack, body_start, split, transform

_log = logging.getLogger("nbalert")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """One run of an `%%alert` cell, as its reader saw it. Holds plain values only, no object of the user.

    Args:
        source: The cell as written.
        body: The same without our magic lines.
        outcome: How it ended.
        result: What the page shows as its last `Out`, by MIME type; binary data as base64.
        displayed: The last displays in order, with updates applied.
        stdout: Tail of what was printed, progress bars resolved.
        stderr: The same for stderr.
        ename: Class name of the exception.
        evalue: Its text.
        traceback: As shown, without ANSI; empty if there was no exception.
        duration_s: Wall clock.
        execution_count: The `n` of `In[n]`.
        cell_id: The front end's; None where it sends none (nbclient).
        notebook: Path of the notebook where the front end tells it.
        alert_line: Options of its `%%alert`.
        started_at: Aware UTC.
    """

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
    duration_s: float
    execution_count: int | None
    cell_id: str | None
    notebook: str | None
    alert_line: str
    started_at: datetime


@dataclass(slots=True)
class _Alert:
    """An `%%alert` cell that runs."""

    stack: Stack
    line: str
    capture: Capture = field(default_factory=Capture)
    captured_error: BaseException | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_s: float = field(default_factory=time.perf_counter)


@dataclass(slots=True)
class _Running:
    """A cell that runs, of whatever kind."""

    source: str
    thread: int
    info: ExecutionInfo
    alert: _Alert | None


class CellWatcher:
    """The transform and the hooks of one shell.

    Args:
        shell: The shell to watch.
        check: Raises SyntaxError for a wrong option; given the magic's name and the rest of its line.
        begun: Called with the options of an `%%alert` cell before it runs. What it raises is logged.
        done: Called once after each `%%alert` cell, also after a failed one. What it raises is logged.
    """

    def __init__(
        self,
        shell: InteractiveShell,
        check: Check,
        done: Callable[[CellRun], None],
        begun: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._shell = shell
        self._check = check
        self._done = done
        self._begun = begun
        self._taps = Taps(shell)
        # pre_run_cell and post_run_cell nest (%%capture, %rerun, run_cell in user code) and, on subshells of
        # ipykernel 7, interleave: entries are found by the identity of their info, never by position alone
        self._running: list[_Running] = []

    @property
    def current_source(self) -> str:
        """The innermost running cell of this thread as written, else of any thread; empty if none runs."""
        thread = threading.get_ident()
        mine = (cell for cell in reversed(self._running) if cell.thread == thread)
        cell = next(mine, self._running[-1] if self._running else None)
        return cell.source if cell else ""

    def load(self) -> None:
        """Begin to watch. The cell that calls this is not watched itself."""
        if self._transform in self._shell.input_transformers_cleanup:
            return
        self._shell.input_transformers_cleanup.append(self._transform)
        self._shell.input_transformers_post.insert(0, self._prefilter)
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def unload(self) -> None:
        """Leave nothing behind. An `%%alert` cell that is running sends nothing any more."""
        if self._transform not in self._shell.input_transformers_cleanup:
            return
        self._shell.input_transformers_cleanup.remove(self._transform)
        self._shell.input_transformers_post.remove(self._prefilter)
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)
        for cell in self._running:
            if cell.alert:
                self._taps.close(cell.alert.capture)
        self._running.clear()

    def _transform(self, lines: list[str]) -> list[str]:
        return transform(lines, self._check)

    # keeps check_complete off it: a console then asks for more lines as with any other cell magic
    _transform.has_side_effects = True  # type: ignore[attr-defined]

    def _prefilter(self, lines: list[str]) -> list[str]:
        """IPython's dynamic syntax (`ls`, `exit`, autocall) is for cells of one line: ours not counted."""
        start = body_start(lines)
        if not start or start != len(lines) - 1:
            return lines
        manager: Any = self._shell.prefilter_manager
        with self._shell.builtin_trap:
            body = manager.prefilter_lines(lines[start])
        return [*lines[:start], *f"{body}\n".splitlines(keepends=True)]

    def _before(self, info: ExecutionInfo) -> None:
        try:
            source = info.raw_cell or ""
            alert = _alert(source) if "%%alert" in source else None
            self._running.append(_Running(source, threading.get_ident(), info, alert))
            if alert:
                self._taps.open(alert.capture)
                self._begun(alert.line)
        except BaseException:
            _record("a cell was not watched")

    def _after(self, result: ExecutionResult | None) -> None:
        try:
            cell = self._take(result)
            if cell and cell.alert:
                self._taps.close(cell.alert.capture)
                self._done(_cell_run(self._shell, cell, cell.alert, result))
            elif cell and result and self._running:
                _note_captured(self._running[-1], cell, result)
        except BaseException:  # IPython would print `result`, and send no reply at all if that fails (7.4)
            _record("an alert was not sent")

    def _take(self, result: ExecutionResult | None) -> _Running | None:
        """The entry that a result belongs to. An empty nested cell has none: its pre_run_cell never fired."""
        if not self._running:
            return None
        if result is None:  # an async cell cancelled from outside
            return self._running.pop()
        for i, cell in enumerate(self._running):
            if cell.info is result.info:
                return self._running.pop(i)
        # IPython makes a new info when the runner itself fails
        if self._running[-1].source == getattr(result.info, "raw_cell", None):
            return self._running.pop()
        return None


def _alert(source: str) -> _Alert | None:
    stack = split(source.splitlines(keepends=True))
    return None if stack.alert_line is None else _Alert(stack, stack.alert_line)


def _note_captured(outer: _Running, inner: _Running, result: ExecutionResult) -> None:
    """Remember that the body of an alert cell failed under `%%capture`, which tells nobody."""
    alert = outer.alert
    if not alert or outer.thread != inner.thread or "capture" not in alert.stack.others:
        return
    if alert.stack.body.rstrip().endswith(inner.source.rstrip()):
        alert.captured_error = error_of(result)


def _cell_run(
    shell: InteractiveShell, cell: _Running, alert: _Alert, result: ExecutionResult | None
) -> CellRun:
    capture = alert.capture
    outcome, error = judge(result, capture.errors, alert.captured_error)
    return CellRun(
        source=cell.source,
        body=alert.stack.body,
        outcome=outcome,
        result=_plain_bundle(capture.result),
        displayed=capture.displayed,
        stdout=capture.stdout.text(),
        stderr=capture.stderr.text(),
        ename=None if error is None else type(error).__name__,
        evalue=text_of(error),
        traceback=traceback_of(error, capture.errors),
        duration_s=time.perf_counter() - alert.started_s,
        execution_count=getattr(result, "execution_count", None),
        cell_id=getattr(cell.info, "cell_id", None),
        notebook=_notebook(shell),
        alert_line=alert.line,
        started_at=alert.started_at,
    )


def _plain_bundle(bundle: Bundle | None) -> Bundle | None:
    """The kernel encodes images after the tap, as base64."""
    if bundle is None:
        return None
    return {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in bundle.items()}


def _notebook(shell: InteractiveShell) -> str | None:
    """Jupyter names it in the environment (not updated by a rename), VS Code in the user's namespace."""
    path = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__")
    return str(path) if path else None


def _record(what: str) -> None:
    with suppress(Exception):  # a handler of the user may raise as well
        _log.exception(what)
