"""The courier's log: one file of the home, bounded, never in a notebook, and without a secret in it."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import sqlite3
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbalert.errors import NbalertError
from nbalert.home import private_file

LOG_BYTES = 1024 * 1024
"""Of the file; there is one older file of the same size beside it."""
RECORD_CHARS = 16_000


@contextlib.contextmanager
def logged(path: Path) -> Iterator[None]:
    """What the courier's modules log goes into that file, and nowhere else: a notebook must not show it."""
    handler = _File(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    journal = logging.getLogger("nbalert.courier")
    journal.addHandler(handler)
    journal.setLevel(logging.INFO)
    journal.propagate = False
    try:
        yield
    finally:
        journal.removeHandler(handler)
        with contextlib.suppress(OSError):  # a full disk again
            handler.close()


class _File(logging.handlers.RotatingFileHandler):
    def _open(self) -> Any:
        private_file(Path(self.baseFilename))
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """A full disk costs the line; logging would write it, and the error, into the notebook."""


class _Formatter(logging.Formatter):
    """Errors by kind and place: an error's text may hold anything that a channel's code has in its hands."""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler may have put the whole there
        said = super().format(record)
        record.exc_text = None
        return said if len(said) <= RECORD_CHARS else f"{said[:RECORD_CHARS]} …"

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return "\n".join(_shown(ei[1]))


def _shown(error: BaseException | None) -> Iterator[str]:
    """The error and what it came from, newest first, each with where it passed."""
    seen: set[int] = set()
    while error and id(error) not in seen:
        seen.add(id(error))
        yield f"{type(error).__qualname__}{_text(error)}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _text(error: BaseException) -> str:
    """What may be said of it: our own words, those of the database, and those of the system."""
    if isinstance(error, NbalertError | sqlite3.Error):
        return f": {error}"
    if isinstance(error, OSError) and error.errno:
        return f": {os.strerror(error.errno)}"
    return ""


def _forget() -> None:
    """In a forked child: its parent's courier writes its own log."""
    logging.getLogger("nbalert.courier").handlers.clear()


os.register_at_fork(after_in_child=_forget)
