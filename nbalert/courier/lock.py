"""The lock of a home: whoever holds it is the courier."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from nbalert.errors import CourierError
from nbalert.home import private_folder


class Lock:
    """A POSIX record lock, held.

    It ends with its process, however that dies, and no forked child inherits it: a dead kernel's worker
    cannot keep it. Within one process it excludes nobody: `lifecycle` sees to that.
    """

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def take(cls, path: Path) -> Lock | None:
        """Take it, or None if another process holds it.

        Raises:
            CourierError: The home cannot be written.
        """
        try:
            private_folder(path.parent)
            file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            why = os.strerror(error.errno or 0)
            raise CourierError(f"{path.parent} cannot be written: {why}; set NBALERT_HOME") from error
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return None
        return cls(file)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def release(self) -> None:
        """Give it back."""
        os.close(self._file)
