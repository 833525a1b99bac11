"""What a process uses while it waits: processor, wake-ups and memory, as Linux counts them."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Usage:
    """Over a while.

    Args:
        cpu_percent: Of one core.
        wakes: How often one of its threads went on after it had waited, a second.
        mib: Its memory at the end, what is shared with others included.
    """

    cpu_percent: float
    wakes: float
    mib: float


class Watched:
    """A process that is watched from now on."""

    def __init__(self, pid: int) -> None:
        self._tasks = Path(f"/proc/{pid}/task")
        self._process = psutil.Process(pid)
        self._began = time.monotonic()
        self._cpu_ns, self._waits = self._counted()

    def usage(self) -> Usage:
        """What it has used since."""
        lasted_s = time.monotonic() - self._began
        cpu_ns, waits = self._counted()
        return Usage(
            cpu_percent=(cpu_ns - self._cpu_ns) / lasted_s / 1e7,
            wakes=(waits - self._waits) / lasted_s,
            mib=self._process.memory_info().rss / 2**20,
        )

    def _counted(self) -> tuple[int, int]:
        cpu_ns = waits = 0
        for task in self._tasks.iterdir():
            with suppress(OSError):  # it has just ended
                cpu_ns += int((task / "schedstat").read_text().split()[0])
                for line in (task / "status").read_text().splitlines():
                    if line.startswith("voluntary_ctxt_switches"):
                        waits += int(line.split()[1])
        return cpu_ns, waits
