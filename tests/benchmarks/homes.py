"""Homes of nbalert for benchmarks: each with settings, and a courier that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from nbalert.dismissal import stop_courier
from nbalert.home import Home
from tests.processes import couriers, settings_file, wait_until


@contextmanager
def made(settings: str) -> Iterator[Home]:
    """A home in a folder of its own, with these settings."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), Path(folder) / "nbalert.toml")
        settings_file(home.root, settings)
        try:
            yield home
        finally:
            end_courier(home)


def end_courier(home: Home) -> None:
    """Its process is gone afterwards."""
    stop_courier(home)
    wait_until(lambda: not couriers(home))


def env(home: Home, courier: str = "process") -> Mapping[str, str]:
    """For processes that are to use it."""
    return {"NBALERT_HOME": str(home.root), "NBALERT_COURIER": courier}


def peak_mib(pid: int) -> float:
    """The most memory that a process has had so far, with what it shares with others."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)
