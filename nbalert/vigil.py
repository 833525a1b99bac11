"""Tells the courier which alerted cells run and what they print, so that it can tell of a kernel's death."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import asdict

from nbalert.client import Client
from nbalert.commits import look_up
from nbalert.message import Source
from nbalert.recording import Recording

TAIL_S = 2.0
"""How often the last lines of output are sent, where they have changed."""
TAIL_CHARS = 2000
CODE_CHARS = 4000


class Vigil:
    """The alerted cells of one process that run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ended: dict[str, threading.Event] = {}

    def begin(
        self,
        recording: Recording,
        title: str,
        channels: Sequence[str],
        source: Source,
        mention: Sequence[str] = (),
    ) -> None:
        """A cell runs from now on.

        Args:
            mention: Ids of people to notify should its kernel die.
        """
        self._ended[recording.id] = threading.Event()
        self._client.begin(
            recording.id,
            {
                "title": title,
                "channels": list(channels),
                "code": self._client.redactor().code(recording.body).text[:CODE_CHARS],
                "output": "",
                "source": asdict(source),
                "mention": list(mention),
                "started_at": recording.started_at.timestamp(),
            },
        )

    def follow(self, recording: Recording) -> None:
        """Tell from now on what it has printed last."""
        if not (ended := self._ended.get(recording.id)):
            return
        watching = threading.Thread(
            target=self._watch, args=(recording, ended), name="nbalert-vigil", daemon=True
        )
        with contextlib.suppress(RuntimeError):  # no thread to be had: a death is told without the last lines
            watching.start()

    def end(self, run: str) -> None:
        """It has ended, in whatever way."""
        if ended := self._ended.pop(run, None):
            ended.set()
            self._client.end(run)

    def _watch(self, recording: Recording, ended: threading.Event) -> None:
        if ended.wait(TAIL_S):
            return
        look_up(self._client.folder)  # not before: most cells are shorter, and git is a process with files
        sent = ""
        while not ended.is_set():
            tail = recording.output()
            if tail != sent:
                self._client.report_output(recording.id, tail, TAIL_CHARS)
                sent = tail
            ended.wait(TAIL_S)
