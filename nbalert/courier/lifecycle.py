"""Where the courier of a home runs: found on the line, started as a process, or hosted here as a thread.

Exactly one courier serves a home: it holds the home's lock. The first process that finds the line silent
starts one, which outlives it; one starter at a time, so that twenty kernels that begin at once start one.
Where no process can be started, or `NBALERT_COURIER=inline` wants none, it is a thread of the first process.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from nbalert.courier import detached
from nbalert.courier.host import Host
from nbalert.courier.lock import Lock
from nbalert.errors import CourierError
from nbalert.home import Home, private_file

log = logging.getLogger(__name__)

END_S = 20.0
"""How long a courier that was told to end may take: its deliveries and its inbox take a few seconds."""
LOOK_AGAIN_S = 0.02

_Found = TypeVar("_Found")

_hosts: dict[Path, Host] = {}
_hosting = threading.Lock()
_is_worker_of_host = False


def ensure(home: Home) -> None:
    """See to it that somebody serves the home's line.

    Raises:
        CourierError: Nobody does, and nobody can be made to.
    """
    with _hosting:
        host = _hosts.get(home.root)
        if not (host and host.is_alive):
            _begin(home)


def replace(home: Home, dismiss: Callable[[], None]) -> bool:
    """Put a courier of this build in the place of the one that serves.

    Nobody else starts one meanwhile: processes of an older build would be as quick to start theirs again.

    Args:
        dismiss: Tells the one that serves to end.

    Returns:
        Whether it was done; if not, somebody else is starting one just now.

    Raises:
        CourierError: It does not end, or none can be started.
    """
    with _hosting:
        starting = Lock.take(home.starting)
        if starting is None:
            return False
        with starting:
            dismiss()
            _wait_for_end(home)
            (_host if _mode() == "inline" else _start)(home)
        return True


def end(home: Home, dismiss: Callable[[], str]) -> str:
    """End the courier that serves, and wait until it is gone; nobody starts another meanwhile.

    Args:
        dismiss: Tells it; returns its mode, or nothing where none serves. An inline one does not end.

    Returns:
        What `dismiss` has returned.

    Raises:
        CourierError: It does not end.
    """
    with _hosting:
        fault = f"a courier is being started, and does not come; see {home.log}"
        with _awaited(lambda: Lock.take(home.starting), fault):
            private_file(home.stopped)
            mode = _dismissed(home, dismiss)
            if mode not in ("", "inline"):
                _wait_for_end(home)
        return mode


def stop(home: Home) -> None:
    """End the courier that this process hosts, if it does."""
    with _hosting:
        if host := _hosts.get(home.root):
            host.stop()
            # One that does not end has the store still; this process would get its own lock again.
            if not host.is_alive:
                del _hosts[home.root]


def _begin(home: Home) -> None:
    if _mode() == "inline":
        _host(home)
        return
    if starting := Lock.take(home.starting):  # else somebody is at it
        with starting:
            if _is_free(home):
                _start(home)


def _mode() -> str:
    """`process` or `inline`.

    Raises:
        CourierError: `NBALERT_COURIER` is neither.
    """
    # On Windows there is no line that a process could serve.
    mode = os.environ.get("NBALERT_COURIER", "") or ("process" if hasattr(os, "fork") else "inline")
    if mode not in ("process", "inline"):
        raise CourierError(f"NBALERT_COURIER is {mode!r}; it can be: process, inline")
    return mode


def _dismissed(home: Home, dismiss: Callable[[], str]) -> str:
    """The mode of the courier that was told to end, also of one that begins and whose starter was killed."""
    if home.root in _hosts:  # looking at a lock of this very process would give it up
        return dismiss()
    fault = f"a courier begins, and does not come; see {home.log}"
    mode = _awaited(lambda: dismiss() or (not _begins(home) and "none"), fault)
    return "" if mode == "none" else mode


def _begins(home: Home) -> bool:
    """Whether somebody has the lock. Where it cannot even be looked at, no courier can begin."""
    try:
        return not _is_free(home)
    except CourierError:
        return False


def _wait_for_end(home: Home) -> None:
    _awaited(lambda: _is_free(home), f"the courier does not end within {END_S:.0f} s; see {home.log}")


def _awaited(look: Callable[[], _Found | Literal[False] | None], fault: str) -> _Found:
    """What a look finds in the end; where nothing comes, an error that says so."""
    deadline = time.monotonic() + END_S
    while not (found := look()):
        if time.monotonic() > deadline:
            raise CourierError(fault)
        time.sleep(LOOK_AGAIN_S)
    return found


def _start(home: Home) -> None:
    home.stopped.unlink(missing_ok=True)
    try:
        detached.start(home)
    except detached.KilledAtStart:
        raise  # another try may do; and what crashes there would crash here
    except CourierError as error:
        log.info("%s; hosted in this process instead", error)
        _host(home)


def _is_free(home: Home) -> bool:
    """Whether nobody serves. Only who may start one looks: it would turn away one that begins just now."""
    lock = Lock.take(home.lock)
    if lock:
        lock.release()
    return lock is not None


def _host(home: Home) -> None:
    if _is_worker_of_host:
        raise CourierError("a forked worker cannot take over the courier of its parent; another process can")
    if lock := Lock.take(home.lock):
        _hosts[home.root] = Host(home, lock)
        _hosts[home.root].start()


def _forget() -> None:
    """In a forked child: the threads stayed behind, with locks that SQLite takes for its own here."""
    global _hosting, _is_worker_of_host
    _hosting = threading.Lock()
    _is_worker_of_host = _is_worker_of_host or bool(_hosts)
    _hosts.clear()


os.register_at_fork(after_in_child=_forget)
