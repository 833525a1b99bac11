"""Where the courier of a home runs: found on the line, started as a process, or hosted here as a thread.

Exactly one courier serves a home: it holds the home's lock. The first process that finds the line silent hosts
it in a thread. With `NBALERT_COURIER=process` it starts a process instead, which outlives it; one starter at a
time, so that twenty kernels that begin at once start one. Where none can be started it is a thread after all.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from nbalert.courier import detached
from nbalert.courier.host import Host
from nbalert.courier.lock import Lock
from nbalert.errors import CourierError
from nbalert.home import Home

log = logging.getLogger(__name__)

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
        if not (host and host.is_alive) and _is_free(home):
            _begin(home)


def stop(home: Home) -> None:
    """End the courier that this process hosts, if it does."""
    with _hosting:
        if host := _hosts.get(home.root):
            host.stop()
            # One that does not end has the store still; this process would get its own lock again.
            if not host.is_alive:
                del _hosts[home.root]


def _begin(home: Home) -> None:
    if os.environ.get("NBALERT_COURIER", "inline") != "process":
        _host(home)
        return
    starting = Lock.take(home.starting)
    if starting is None:
        return  # somebody is at it
    try:
        detached.start(home)
    except CourierError as error:
        log.info("%s; hosted in this process instead", error)
        _host(home)
    finally:
        starting.release()


def _is_free(home: Home) -> bool:
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
