"""What a run is a run of: the machine, Python, and the releases that took part."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from nbalert import __version__
from tests.benchmarks import environments


def described() -> dict[str, object]:
    """For the JSON: when, where, and with which releases."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "os": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": sys.version.split()[0],
        "versions": {"nbalert": __version__, **environments.versions()},
    }


def sentence(about: dict[str, object]) -> str:
    """The same in a line."""
    day = str(about["at"])[:10]
    return f"{day}, {about['cpu']}, {about['cores']} cores, {about['os']}, Python {about['python']}"


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
