"""Interpreters for tests: this one, and a cached virtual environment with the older ipykernel."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.kernels import ROOT

IPYKERNEL_6 = "6.31.0"
"""The last 6.x: kept by many hubs, and its shell channel works unlike that of 7."""
_NEEDS = [
    "ipython>=9",
    "ipywidgets",
    "httpx",
    "matplotlib",
    "nest-asyncio2",
    "pandas",
    "platformdirs",
    "pydantic",
    "tomlkit",
]
_CACHE = ROOT / ".venvs"


class Unavailable(Exception):
    """An environment cannot be had here; the text is the reason."""


@cache
def ipykernel_6() -> str:
    """An interpreter with ipykernel 6, made once a checkout.

    Raises:
        Unavailable: The packages cannot be installed.
    """
    folder = _CACHE / f"ipykernel-{IPYKERNEL_6}-py{sys.version_info.major}{sys.version_info.minor}"
    python = folder / "bin" / "python"
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs in one checkout
        if not _is_complete(folder):
            _make(folder, python)
    return str(python)


def _make(folder: Path, python: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    install = [str(python), "-m", "pip", "install", "-q", f"ipykernel=={IPYKERNEL_6}", *_NEEDS]
    for command in ([sys.executable, "-m", "venv", str(folder)], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Unavailable(f"no environment with ipykernel {IPYKERNEL_6}: {last}")
    (folder / "complete").write_text(" ".join(_NEEDS))


def _is_complete(folder: Path) -> bool:
    """Whether it is there, with all that is needed by now."""
    made = folder / "complete"
    return made.exists() and made.read_text() == " ".join(_NEEDS)
