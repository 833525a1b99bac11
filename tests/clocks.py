"""A machine's clocks in a test's hand."""

from __future__ import annotations

from pathlib import Path

from nbalert.clock import Clock

NOWHERE = Path("/nonexistent")


class HandClock(Clock):
    """Stands still unless it is moved."""

    def __init__(self, wall_s: float = 1_800_000_000.0, boot: str = "boot-1") -> None:
        super().__init__(NOWHERE)
        self.boot = boot
        self._wall_s = wall_s
        self._boot_s = 5000.0

    def time_s(self) -> float:
        """What the wall clock says."""
        return self._wall_s

    def boot_s(self) -> float:
        """Seconds since the boot."""
        return self._boot_s

    def go_on(self, seconds: float) -> None:
        """Time passes, whether the machine is awake or asleep."""
        self._wall_s += seconds
        self._boot_s += seconds

    def set_by(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._wall_s += seconds

    def reboot(self) -> None:
        """The machine starts anew."""
        self.boot, self._boot_s = f"{self.boot}+", 1.0
