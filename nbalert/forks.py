"""What a forked child must not keep: its copies of our sockets and locks would outlive a killed parent.

As long as a worker holds such a copy, nobody sees that the parent is gone, and nobody can take its place.
"""

from __future__ import annotations

import os
from typing import Any

_files: set[Any] = set()


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


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
