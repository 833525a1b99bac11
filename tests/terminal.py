"""A Python process whose standard error is a terminal, as a person has it."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
import termios
import threading
from pathlib import Path

from tests.kernels import ROOT
from tests.processes import wait_until


class Terminal:
    """Use as a context manager: the process is gone afterwards.

    Args:
        code: What it runs.
    """

    def __init__(self, code: str, folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 90))
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        self.said = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        os.close(self._ours)

    def until(self, text: str) -> None:
        """Wait until it has said something."""
        wait_until(lambda: text in self.said, 60)

    def end(self) -> int:
        """Wait for its end, and for what it has said until then; its exit status."""
        status = self._process.wait(60)
        self._reader.join()
        return status

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # nobody has the other end any more
            while piece := os.read(self._ours, 4096):
                self.said += piece.decode(errors="replace")
