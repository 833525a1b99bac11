"""Watches the cells that IPython runs by itself; reports a `CellRun` for each `%%alert` cell."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

from nbalert.after_reply import AfterReply
from nbalert.stacking import Check, body_start, transform

if TYPE_CHECKING:
    from nbalert.recording import CellRun, Recorder, Recording

_log = logging.getLogger("nbalert")


class _Running:
    """A cell that runs, of whatever kind."""

    __slots__ = ("at_end", "info", "pid", "recording", "source", "thread")

    def __init__(self, source: str, info: ExecutionInfo, recording: Recording | None) -> None:
        self.at_end: list[Callable[[str], None]] = []
        self.source = source
        self.pid = os.getpid()
        self.thread = threading.get_ident()
        self.info = info
        self.recording = recording


class CellWatcher:
    """The transform and the hooks of one shell.

    Args:
        shell: The shell to watch.
        check: Raises UsageError for a wrong option; given the magic's name and the rest of its line.
        begun: Called before a recorded cell runs: one with `%%alert`, or wanted. What it raises is logged.
        done: Called once after each of them, also after a failed one. What it raises is logged.

    Attributes:
        after_reply: What may wait until a cell's reply is on its way.
        wants: Whether a cell without `%%alert` is to be recorded; of its source, for outermost cells only.
    """

    def __init__(
        self,
        shell: InteractiveShell,
        check: Check,
        done: Callable[[CellRun], None],
        begun: Callable[[Recording], None] = lambda recording: None,
    ) -> None:
        self._shell = shell
        self._check = check
        self._done = done
        self._begun = begun
        self.after_reply = AfterReply()
        self.wants: Callable[[str], bool] = _nothing
        self._recorder: Recorder | None = None
        # pre_run_cell and post_run_cell nest (%%capture, %rerun, run_cell in user code) and, on subshells of
        # ipykernel 7, interleave: entries are found by the identity of their info, never by position alone
        self._running: list[_Running] = []

    @property
    def current_source(self) -> str:
        """The innermost running cell of this thread as written, else of any thread; empty if none runs."""
        cell = self._current()
        return cell.source if cell else ""

    def at_end(self, callback: Callable[[str], None]) -> None:
        """Call back with how that cell has ended, once it has: `ok`, or the type of what was raised."""
        if cell := self._current():
            cell.at_end.append(callback)

    def want_nothing(self) -> None:
        """Record only cells with `%%alert`."""
        self.wants = _nothing

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
            if cell.recording:
                cell.recording.stop()
        self._running.clear()
        self.after_reply.run()

    def _current(self) -> _Running | None:
        thread = threading.get_ident()
        mine = (cell for cell in reversed(self._running) if cell.thread == thread)
        return next(mine, self._running[-1] if self._running else None)

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
            self.after_reply.run()
            source = info.raw_cell or ""
            is_wanted = self.wants(source) and not self._is_within()
            recording = self._recording(source, info, is_wanted) if is_wanted or "%%alert" in source else None
            self._running.append(_Running(source, info, recording))
            if recording:
                self._begun(recording)
        except BaseException:
            _record("a cell was not watched")

    def _after(self, result: ExecutionResult | None) -> None:
        try:
            cell = self._take(result)
            if cell and cell.at_end and cell.pid == os.getpid():
                _tell_end(cell.at_end, result)
            if cell and cell.recording and cell.recording.is_ours:
                self._done(cell.recording.finish(result))
            elif cell and result and self._running:
                outer = self._running[-1]
                if outer.recording and outer.thread == cell.thread:
                    outer.recording.note_captured(cell.source, result)
        except BaseException:  # IPython would print `result`, and send no reply at all if that fails (7.4)
            _record("an alert was not sent")

    def _is_within(self) -> bool:
        """Whether this thread runs a cell already: it is that one's to tell what happens."""
        thread = threading.get_ident()
        return any(cell.thread == thread for cell in self._running)

    def _recording(self, source: str, info: ExecutionInfo, is_wanted: bool) -> Recording | None:
        from nbalert.recording import Recorder  # most sessions load the extension and alert later, or never

        if self._recorder is None:
            self._recorder = Recorder(self._shell)
        return self._recorder.begin(source, info, is_wanted=is_wanted)

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


def _nothing(source: str) -> bool:
    return False


def _tell_end(callbacks: list[Callable[[str], None]], result: ExecutionResult | None) -> None:
    for callback in callbacks:
        callback(_ending(result))


def _ending(result: ExecutionResult | None) -> str:
    """`ok`, or the type of what ended the cell: its text may hold a secret."""
    if result is None:  # an async cell cancelled from outside
        return "CancelledError"
    error: BaseException | None = result.error_before_exec or result.error_in_exec
    return "ok" if error is None else type(error).__name__


def _record(what: str) -> None:
    with suppress(Exception):  # a handler of the user may raise as well
        _log.exception(what)
