"""Says goodbye for a kernel that is told to shut down, also while a cell keeps it busy.

A restart of a busy kernel ends in SIGKILL, and no exit hook runs. But the request arrives on the control
channel, which has a thread of its own: there the courier is told that this is no death.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbalert import process

_REQUEST = "shutdown_request"


class Farewell:
    """Stands before the kernel's own handler of that request."""

    def __init__(self, handlers: dict[str, Callable[..., Any]]) -> None:
        self._handlers = handlers
        self._before = handlers[_REQUEST]
        handlers[_REQUEST] = self._say

    def take_off(self) -> None:
        """Leave, unless somebody else stands before us by now."""
        if self._handlers[_REQUEST] == self._say:
            self._handlers[_REQUEST] = self._before

    def _say(self, *args: Any, **kwargs: Any) -> Any:
        process.say_goodbye()
        return self._before(*args, **kwargs)


def farewell_for(shell: Any) -> Farewell | None:
    """For the kernel of a shell; None where there is none, or it has no control channel of this kind."""
    handlers = getattr(getattr(shell, "kernel", None), "control_handlers", {})
    return Farewell(handlers) if _REQUEST in handlers else None
