"""What runs at this process, as the courier is told of it: should the process die, the courier says so.

Each change is told at once, and all of it again to a courier that is greeted anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from nbalert.line import Frame
from nbalert.outbox import Outbox


class UnderWay:
    """Cells, blocks and commands that have begun and not ended. From any thread.

    Args:
        outbox: Scrubs what is told.
        tell: A frame to the courier, if there is one.
    """

    def __init__(self, outbox: Outbox, tell: Callable[[Frame], None]) -> None:
        self._outbox = outbox
        self._tell = tell
        self._guard = threading.Lock()
        self._runs: dict[str, Frame] = {}

    @property
    def runs(self) -> dict[str, Frame]:
        """What is told of each, by its id."""
        with self._guard:
            return dict(self._runs)

    def begin(self, run: str, told: Frame, limit: int) -> None:
        """Something runs from now on.

        Args:
            run: Unique.
            told: What its message would say: title, channels, code, output, source, started_at.
            limit: So many characters of the beginning of its code.
        """
        told = self._outbox.scrubbed(told)
        told["code"] = told["code"][:limit]
        with self._guard:
            self._runs[run] = told
        self._tell({"do": "begin", "run": run, "told": told})

    def report_output(self, run: str, output: str, limit: int) -> None:
        """The last lines that it has printed.

        Args:
            limit: So many characters of their end.
        """
        output = self._outbox.redactor().text(output)[-limit:]
        with self._guard:
            if told := self._runs.get(run):
                told["output"] = output
        self._tell({"do": "output", "run": run, "output": output})

    def end(self, run: str) -> None:
        """It has ended."""
        with self._guard:
            self._runs.pop(run, None)
        self._tell({"do": "end", "run": run})
