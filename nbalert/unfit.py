"""SQLite files that cannot be used: set aside as they are, so that a new one can be begun."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from nbalert.errors import StoreUnfit
from nbalert.home import private_folder

_Opened = TypeVar("_Opened")

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_ASIDE = "set-aside"
_TAKEN_UP = ".taken-up"
_COMPANIONS = ("", "-wal", "-shm")
"""What belongs to a file: the journal holds its last commits."""


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that a file is damaged, or none of its own; a full disk is another matter."""
    code = getattr(error, "sqlite_errorcode", None)  # extended codes have the primary one in their last byte
    return isinstance(error, sqlite3.DatabaseError) and code is not None and code & 0xFF in _DAMAGE


def opened_anew(path: Path, open_file: Callable[[Path], _Opened]) -> _Opened:
    """What opens a file; one that is unfit is set aside before, and a new one is there.

    Nobody else may use the file.

    Raises:
        StoreError: The file, or a new one, cannot be used for another reason.
    """
    try:
        return open_file(path)
    except StoreUnfit:
        set_aside(path)
        return open_file(path)


def set_aside(path: Path) -> Path:
    """Move a file out of the way; where it is now.

    Raises:
        OSError: It cannot be moved.
    """
    aside = private_folder(path.parent / _ASIDE) / f"{path.name}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    _move(path, aside)
    return aside


def set_apart(aside: Path) -> None:
    """Mark a file that was set aside as one from which everything was taken up."""
    _move(aside, aside.with_name(aside.name + _TAKEN_UP))


def files_aside(root: Path) -> list[Path]:
    """The files of a home that were set aside, and from which nothing was taken up yet."""
    folder = root / _ASIDE
    names = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in names if not path.name.endswith((*_COMPANIONS[1:], _TAKEN_UP))]


def _move(path: Path, to: Path) -> None:
    for companion in _COMPANIONS:
        beside = path.with_name(path.name + companion)
        if beside.exists():
            beside.rename(to.with_name(to.name + companion))
