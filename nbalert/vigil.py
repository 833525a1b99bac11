"""Tells the courier which alerted cells run and what they print, so that it can tell of a kernel's death."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import Any

from nbalert.client import Client
from nbalert.commits import look_up
from nbalert.recording import Recording
from nbalert.runs import Run

log = logging.getLogger(__name__)

TAIL_S = 2.0
"""How often the last lines of output are sent, where they have changed."""
TAIL_CHARS = 2000


def cell_run(recording: Recording, **told: Any) -> Run:
    """A cell as the courier knows it.

    Args:
        told: Of `Run`: what the recording does not know.
    """
    started_at = recording.started_at.timestamp()
    return Run(who="kernel", started_at=started_at, id=recording.id, **{"code": recording.body, **told})


@dataclass(slots=True)
class _Followed:
    """A cell whose output is told, and when the next time."""

    recording: Recording
    has_output: bool
    due_s: float
    sent: str = ""
    is_long: bool = False


class Vigil:
    """The alerted cells of one process that run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._changed = threading.Condition()
        self._followed: dict[str, _Followed] = {}
        self._is_watching = False
        self._wakes_s = math.inf

    def begin(self, run: Run, recording: Recording, *, has_output: bool = True) -> None:
        """A cell runs from now on; should it go on, what it has printed last is told, where it may be."""
        run.begin(self._client)
        due_s = time.monotonic() + TAIL_S
        with self._changed:
            self._followed[run.id] = _Followed(recording, has_output, due_s)
            self._have_watched(due_s)

    def end(self, run: str) -> None:
        """It has ended, in whatever way."""
        with self._changed:
            is_known = self._followed.pop(run, None)
        if is_known:
            self._client.under_way.end(run)

    def _have_watched(self, due_s: float) -> None:
        # One thread for all cells, and one that is woken seldom: both cost a short cell more than it takes.
        if self._is_watching:
            if due_s < self._wakes_s:
                self._changed.notify()
            return
        with contextlib.suppress(RuntimeError):  # no thread to be had: a death is told without the last lines
            threading.Thread(target=self._watch, name="nbalert-vigil", daemon=True).start()
            self._is_watching = True

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._wakes_s = min((one.due_s for one in self._followed.values()), default=math.inf)
                if (pause_s := self._wakes_s - time.monotonic()) > 0:
                    self._changed.wait(None if pause_s == math.inf else pause_s)
                due = [one for one in self._followed.values() if one.due_s <= time.monotonic()]
            for one in due:
                try:
                    self._report(one)
                except Exception:  # those of other cells are told all the same
                    log.exception("the last lines of a cell were not told")
                one.due_s = time.monotonic() + TAIL_S

    def _report(self, one: _Followed) -> None:
        if not one.is_long:  # not before: most cells are shorter, and git is a process with files
            one.is_long = True
            look_up(self._client.folder)
        if one.has_output and (tail := one.recording.output()) != one.sent:
            self._client.under_way.report_output(one.recording.id, tail, TAIL_CHARS)
            one.sent = tail
