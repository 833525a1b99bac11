"""Tells the courier which alerted cells run and what they print, so that it can tell of a kernel's death."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import Any

from nbalert.client import Client
from nbalert.commits import look_up
from nbalert.recording import Recording
from nbalert.runs import Run

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


class Vigil:
    """The alerted cells of one process that run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ended: dict[str, threading.Event] = {}

    def begin(self, run: Run) -> None:
        """A cell runs from now on."""
        self._ended[run.id] = threading.Event()
        replace(run, code=self._client.redactor().code(run.code).text).begin(self._client)

    def follow(self, recording: Recording, *, has_output: bool = True) -> None:
        """Tell from now on what it has printed last, where that may be told."""
        if not (ended := self._ended.get(recording.id)):
            return
        watching = threading.Thread(
            target=self._watch, args=(recording, ended, has_output), name="nbalert-vigil", daemon=True
        )
        with contextlib.suppress(RuntimeError):  # no thread to be had: a death is told without the last lines
            watching.start()

    def end(self, run: str) -> None:
        """It has ended, in whatever way."""
        if ended := self._ended.pop(run, None):
            ended.set()
            self._client.under_way.end(run)

    def _watch(self, recording: Recording, ended: threading.Event, has_output: bool) -> None:
        if ended.wait(TAIL_S):
            return
        look_up(self._client.folder)  # not before: most cells are shorter, and git is a process with files
        sent = ""
        while has_output and not ended.is_set():
            tail = recording.output()
            if tail != sent:
                self._client.under_way.report_output(recording.id, tail, TAIL_CHARS)
                sent = tail
            ended.wait(TAIL_S)
