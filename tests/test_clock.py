from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from nbalert.clock import BOOT_ID, Clock


def test_both_clocks(tmp_path: Path) -> None:
    """The wall clock is the system's, the boot clock goes on, and the boot has its name."""
    clock = Clock()
    before = clock.boot_s()
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5
    assert abs(clock.time_s() - time.time()) < 5
    time.sleep(0.01)
    assert clock.boot_s() > before
    assert clock.boot == (BOOT_ID.read_text().strip() if BOOT_ID.exists() else "")


def test_without_a_name_of_the_boot(tmp_path: Path) -> None:
    """Where nothing names the boot, its clock does not count: the name is empty."""
    assert Clock(tmp_path / "nothing").boot == ""
