"""What a forked child must not keep, and what it must not lack.

Its copies of our sockets and locks would outlive a killed parent: as long as a worker holds one, nobody sees
that the parent is gone, and nobody can take its place. And a module that one of our threads was importing
would stay half a module in the child for ever.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

IMPORT_S = 5.0
"""How long a fork waits for an import of ours: that may wait in turn for one of the thread that forks."""

_files: set[Any] = set()
_importing = threading.RLock()
_fork = threading.local()


@contextlib.contextmanager
def whole_modules() -> Iterator[None]:
    """Import within this on a thread of ours: no fork falls into it."""
    with _importing:
        yield


def keep_from_forks(file: Any) -> None:
    """Let forked children lose this file, which has a `fileno()`, for as long as it is open."""
    _files.difference_update([known for known in list(_files) if _number(known) < 0])
    _files.add(file)


def _number(file: Any) -> int:
    try:
        return int(file.fileno())
    except ValueError:  # a closed file; a closed socket says -1
        return -1


def _let_go() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for file in _files:
        if (number := _number(file)) >= 0:
            os.dup2(nowhere, number, inheritable=False)  # the number stays taken: its object may close it yet
    os.close(nowhere)
    _files.clear()


def _await_imports() -> None:
    _fork.is_alone = _importing.acquire(timeout=IMPORT_S)


def _allow_imports() -> None:
    if _fork.is_alone:
        _importing.release()


def _allow_imports_in_child() -> None:
    global _importing
    _importing = threading.RLock()  # whoever held it stayed behind


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
    os.register_at_fork(
        before=_await_imports, after_in_parent=_allow_imports, after_in_child=_allow_imports_in_child
    )
