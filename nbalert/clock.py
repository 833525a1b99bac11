"""Which time it is: on the wall, and since the machine's boot, which nobody can set."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock:
    """The machine's two clocks.

    Args:
        boot_id: The file that names this boot. Where there is none, the boot clock does not count: nothing
            tells its times from those of another boot.
    """

    def __init__(self, boot_id: Path = BOOT_ID) -> None:
        try:
            self.boot = boot_id.read_text(encoding="ascii").strip()
        except (OSError, ValueError):  # not Linux
            self.boot = ""

    def time_s(self) -> float:
        """Seconds since the epoch: what the wall clock says, rightly or not."""
        return time.time()

    def boot_s(self) -> float:
        """Seconds since the boot, also those that the machine slept."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def now(self) -> datetime:
        """The wall clock's time, aware UTC."""
        return datetime.fromtimestamp(self.time_s(), UTC)
