"""Where the courier of a home runs: found on the line, or hosted here as a thread.

Exactly one courier serves a home: it holds a POSIX lock on the lock file. Such a lock ends with its
process, however that dies, and no forked child inherits it: a dead kernel's worker cannot keep it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import logging.handlers
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbalert.errors import CourierError
from nbalert.home import Home, private_folder

log = logging.getLogger(__name__)

READY_S = 10.0
STOP_S = 5.0
LOG_BYTES = 1024 * 1024


class Lock:
    """The home's lock, held."""

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def take(cls, path: Path) -> Lock | None:
        """Take it, or None if another process holds it."""
        private_folder(path.parent)
        file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return None
        return cls(file)

    def release(self) -> None:
        """Give it back."""
        os.close(self._file)


class Host:
    """A courier in a thread of this process."""

    def __init__(self, home: Home, lock: Lock) -> None:
        self._home = home
        self._lock = lock
        self._ready = threading.Event()
        self._error: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        # A daemon: a forgotten courier must not keep its process from ending.
        self._thread = threading.Thread(target=self._run, name="nbalert-courier", daemon=True)

    def start(self) -> None:
        """Start, and return once the line is served.

        Raises:
            CourierError: It could not; the lock is free again.
        """
        self._thread.start()
        self._ready.wait(READY_S)
        if self._error:
            raise CourierError(f"the courier cannot run here: {self._error}") from self._error

    @property
    def is_alive(self) -> bool:
        """Whether it serves."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End it in order; what is under way is left to the next courier."""
        if self._loop and self._stop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            with _logged(self._home):
                try:
                    asyncio.run(self._serve())
                except Exception:
                    log.exception("the courier has ended")
                    raise
        except Exception as error:
            self._error = error
        finally:
            self._lock.release()
            self._ready.set()

    async def _serve(self) -> None:
        from nbalert.courier.office import Courier  # only who hosts a courier pays for its imports

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_note)
        courier = await Courier.open(self._home)
        try:
            self._ready.set()
            await courier.serve(self._stop)
        finally:
            await courier.aclose()


@contextlib.contextmanager
def _logged(home: Home) -> Iterator[None]:
    """The courier's log goes to the home's file alone: a notebook must not show it."""
    handler = logging.handlers.RotatingFileHandler(
        home.log, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    journal = logging.getLogger("nbalert.courier")
    journal.addHandler(handler)
    journal.propagate = False
    try:
        yield
    finally:
        journal.removeHandler(handler)
        handler.close()


def _note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error that nobody awaited: asyncio would write it into the notebook."""
    log.error("%s", context["message"], exc_info=context.get("exception"))


_hosts: dict[Path, Host] = {}
_hosting = threading.Lock()


def ensure(home: Home) -> None:
    """See to it that somebody serves the home's line: host a courier here if nobody does.

    Raises:
        CourierError: None serves it and none can be hosted.
    """
    with _hosting:
        host = _hosts.get(home.root)
        if host and host.is_alive:
            return
        try:
            lock = Lock.take(home.lock)
        except OSError as error:
            raise CourierError(f"{home.root} cannot be written: {os.strerror(error.errno or 0)}") from error
        if lock:
            _hosts[home.root] = Host(home, lock)
            _hosts[home.root].start()


def stop(home: Home) -> None:
    """End the courier that this process hosts, if it does."""
    with _hosting:
        if host := _hosts.get(home.root):
            host.stop()
            if (
                not host.is_alive
            ):  # else it still has the store, and this process would get its own lock again
                del _hosts[home.root]


def _forget() -> None:
    """In a forked child: the threads stayed behind."""
    global _hosting
    _hosting = threading.Lock()
    _hosts.clear()


os.register_at_fork(after_in_child=_forget)
