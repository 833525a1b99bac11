"""Auto mode: every cell that takes long or fails is told, without a magic; cells in a row as one message.

A front end's Run All sends all cells at once, and the kernel begins each as soon as the one before has ended.
So what begins within a moment belongs to the same run; the message is put together when that moment has
passed, and at the kernel's end.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from nbalert.batch import Batch
from nbalert.endings import Telling
from nbalert.recording import CellRun, Recording

QUIET_S = 1.0
"""Without a cell for so long a run of cells has ended."""
_OPT_OUT = re.compile(r"^\s*#\s*nbalert:\s*off\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What auto mode tells.

    Args:
        after_s: Cells that take longer.
        channels: Names; an empty name is the default channel.
        on: As `checked_on` returns it.
        topic: What handlers subscribe to.
    """

    after_s: float
    channels: tuple[str, ...] = ("",)
    on: str = "always"
    topic: str = ""


class Teller(Protocol):
    """What auto mode does with what it collects."""

    def begin(self, recording: Recording) -> None:
        """A cell begins: should the process die, that is told."""

    def end(self, run: str) -> None:
        """What there is to tell of the cell is on disk: the process may die."""

    def tell(self, batch: Batch, how: Telling) -> None:
        """Put the message on disk."""


class AutoMode:
    """Collects the cells of one shell, and tells of them.

    Args:
        rule: What is told.
        teller: Called on the cell's thread and on one of its own.
    """

    def __init__(self, rule: Rule, teller: Teller) -> None:
        self.rule = rule
        self._teller = teller
        self._batch = Batch()
        self._changed = threading.Condition()
        self._untold = ""
        self._quiet_since: float | None = None
        self._is_resting = False
        self._is_closed = False
        threading.Thread(target=self._watch, name="nbalert-auto", daemon=True).start()

    @staticmethod
    def wants(source: str) -> bool:
        """Whether a cell is to be recorded: not one that says `# nbalert: off`, nor one without code."""
        return bool(source.strip()) and not _OPT_OUT.search(source)

    def begun(self, recording: Recording) -> None:
        """A cell begins: what is collected waits for it."""
        if recording.is_auto:
            self._teller.begin(recording)
        with self._changed:
            self._quiet_since = None
            self._let_go()

    def take(self, run: CellRun) -> None:
        """A cell has ended; also one that its own magic has told of."""
        with self._changed:
            self._let_go()
            self._untold = run.id if run.is_auto else ""
            self._batch.add(run)
            self._begin_quiet()

    def take_aborted(self) -> None:
        """A cell was not run, because one before it has failed."""
        with self._changed:
            if self._batch.count:
                self._batch.aborted += 1
                self._begin_quiet()

    def close(self) -> None:
        """Tell of what is collected, and collect no more."""
        with self._changed:
            self._is_closed = True
            self._flush()
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._is_closed:
                pause_s = self._pause_s()
                if pause_s is not None and pause_s <= 0:
                    self._flush()
                    continue
                self._is_resting = pause_s is None
                self._changed.wait(pause_s)

    def _begin_quiet(self) -> None:
        self._quiet_since = time.monotonic()
        if self._is_resting:  # else it looks again in time: to wake a thread costs a short cell a lot
            self._is_resting = False
            self._changed.notify()

    def _pause_s(self) -> float | None:
        """Until a run of cells has ended; None while a cell runs, or nothing is collected."""
        if self._quiet_since is None:
            return None
        return self._quiet_since + QUIET_S - time.monotonic()

    def _flush(self) -> None:
        batch, self._batch, self._quiet_since = self._batch, Batch(), None
        how = batch.telling(self.rule.after_s, self.rule.on) if batch.count else Telling.END
        if how is not Telling.END:
            self._teller.tell(batch, how)
        self._let_go()

    def _let_go(self) -> None:
        if self._untold:
            self._teller.end(self._untold)
            self._untold = ""


class Aborts:
    """Hears of cells that the kernel does not run because one before has failed; nothing where it cannot."""

    def __init__(self, kernel: Any, heard: Callable[[], None]) -> None:
        self._kernel = kernel
        self._send = getattr(kernel, "_send_abort_reply", None)
        self._heard = heard
        if self._send is not None:
            kernel._send_abort_reply = self._said

    def take_off(self) -> None:
        """Leave, unless somebody else stands before us by now."""
        if self._send is not None and vars(self._kernel).get("_send_abort_reply") == self._said:
            del self._kernel._send_abort_reply

    def _said(self, stream: Any, message: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if message.get("header", {}).get("msg_type") == "execute_request":
            self._heard()
        assert self._send is not None
        return self._send(stream, message, *args, **kwargs)
