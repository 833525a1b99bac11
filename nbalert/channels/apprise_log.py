"""What Apprise's log says of a call: statuses. The rest of it may hold secrets, and goes nowhere."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_STATUS = re.compile(r"\berror=(\d{3})\b")
_heard: ContextVar[list[int] | None] = ContextVar("nbalert_apprise", default=None)


@contextmanager
def heard() -> Iterator[list[int]]:
    """The statuses of what is called meanwhile; the user's own calls of Apprise log as they do.

    Apprise's own threads run in a copy of the caller's context.
    """
    statuses: list[int] = []
    token = _heard.set(statuses)
    try:
        yield statuses
    finally:
        _heard.reset(token)


def _keep(record: logging.LogRecord) -> bool:
    statuses = _heard.get()
    if statuses is None:
        return True
    if found := _STATUS.search(record.getMessage()):
        statuses.append(int(found[1]))
    return False


logging.getLogger("apprise").addFilter(_keep)
