"""What may wait until a cell's reply is on its way: whoever is woken shares the machine with the kernel."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class AfterReply:
    """Calls of one shell that wait for the end of what its loop does now; without a loop nothing waits."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()

    def put(self, call: Callable[[], None]) -> None:
        """Call it soon."""
        from asyncio import (
            get_running_loop,
        )  # whoever alerts has it; to load the extension takes half as long

        self._calls.append(call)
        try:
            get_running_loop().call_soon(self.run)
        except RuntimeError:
            self.run()

    def run(self) -> None:
        """Call what waits: another cell may begin before the loop gets there."""
        while self._calls:
            self._calls.popleft()()
