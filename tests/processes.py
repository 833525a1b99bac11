"""Other processes of the same home, for tests: scripts that end, are killed, or wait for a word."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, Queue

from nbalert.home import Home
from tests.kernels import ROOT

ASK = """
import nbalert
try:
    print(nbalert.ask("Deploy?", timeout=60).sentence, flush=True)
except nbalert.NotApproved as error:
    print(error, flush=True)
"""
"""A script that asks, and prints how that ended."""


class Script:
    """A Python process. Use as a context manager: it is gone afterwards.

    Args:
        under: Makes of its command another one that runs it.
    """

    def __init__(
        self,
        code: str,
        *,
        folder: Path | None = None,
        env: dict[str, str] | None = None,
        under: Callable[[Sequence[str]], list[str]] = list,
    ) -> None:
        self._process = subprocess.Popen(
            under([sys.executable, "-u", "-c", code]),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lines: Queue[str] = Queue()
        self.stderr = ""
        self._readers = [threading.Thread(target=self._read_out), threading.Thread(target=self._read_err)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Script:
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # also what it has forked
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def line(self, timeout_s: float = 60) -> str:
        """The next line that it prints."""
        try:
            return self._lines.get(timeout=timeout_s)
        except Empty:
            raise AssertionError(f"the script said nothing; its stderr: {self.stderr}") from None

    def rest(self) -> str:
        """What it has printed, once it has ended, and nobody has read."""
        return "\n".join(self._lines.get() for _ in range(self._lines.qsize()))

    def tell(self, line: str = "") -> None:
        """A line for its standard input."""
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """SIGKILL for it alone: not for what it has forked."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self, timeout_s: float = 60) -> int:
        """Wait for its end; the exit status."""
        code = self._process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        return code

    def _read_out(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))

    def _read_err(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self.stderr += line


def wait_until(is_so: Callable[[], object], timeout_s: float = 20) -> None:
    """Wait until something is so, where nothing tells of it."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def couriers(home: Home) -> list[int]:
    """Pids of the courier processes of a home, also of those that begin just now."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            environment = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if b"courier" in command and f"NBALERT_HOME={home.root}".encode() in environment and state != "Z":
            found.append(int(folder.name))
    return found


def has_posted(home: Home) -> bool:
    """Whether the courier has on record that what it was given stands in its chats."""
    with contextlib.closing(sqlite3.connect(home.store)) as store:
        states = {state for (state,) in store.execute("SELECT state FROM delivery WHERE kind = 'post'")}
    return states == {"delivered"}


def served_by(home: Home) -> int | None:
    """Pid of whoever serves the home's line; None while nobody does."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(home.socket))
            credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except OSError:
            return None
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def settings_file(folder: Path, text: str) -> Path:
    """An `nbalert.toml`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nbalert.toml"
    path.write_text(text, encoding="utf-8")
    return path


def webhook_table(name: str, url: str, more: str = "") -> str:
    """A channel of kind webhook."""
    return f'[channels.{name}]\nkind = "webhook"\nurl = "{url}"\n{more}'
