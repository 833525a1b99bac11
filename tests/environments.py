"""Interpreters for tests: cached virtual environments with other ipykernels and IPythons, or servers."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.kernels import ROOT

_NEEDS = [
    "ipywidgets",
    "httpx",
    "matplotlib",
    "nest-asyncio2",
    "pandas",
    "platformdirs",
    "pydantic",
    "tomlkit",
    "tqdm",
]
_CACHE = ROOT / ".venvs"


class Unavailable(Exception):
    """An environment cannot be had here; the text is the reason."""


@dataclass(frozen=True)
class Environment:
    """Releases to test with.

    Args:
        ipykernel: A release, or its first numbers: `7.3`.
        ipython: The same.
    """

    ipykernel: str
    ipython: str

    @property
    def name(self) -> str:
        """Of its folder, and in the names of tests."""
        return f"ipykernel-{self.ipykernel}-ipython-{self.ipython}"

    @property
    def packages(self) -> list[str]:
        """What is installed."""
        return [f"ipykernel=={self.ipykernel}.*", f"ipython=={self.ipython}.*", *_NEEDS]


IPYKERNEL_6 = Environment("6.31", "9")
"""The last 6.x: kept by many hubs, and its shell channel works unlike that of 7."""
OTHERS = (Environment("6.29", "8.39"), IPYKERNEL_6, Environment("7.3", "8.39"), Environment("7.3", "9"))
"""What the fidelity suite runs with, besides this environment, which has the newest."""


def ipykernel_6() -> str:
    """An interpreter with ipykernel 6.

    Raises:
        Unavailable: The packages cannot be installed.
    """
    return interpreter(IPYKERNEL_6)


@cache
def interpreter(environment: Environment) -> str:
    """An interpreter of that environment, which is made once a checkout.

    Raises:
        Unavailable: The packages cannot be installed.
    """
    return made(environment.name, environment.packages)


def made(name: str, packages: Sequence[str]) -> str:
    """An interpreter with these packages.

    Args:
        name: Of the environment's folder; it is made once a checkout, and anew for other packages.

    Raises:
        Unavailable: The packages cannot be installed.
    """
    folder = _CACHE / f"{name}-py{sys.version_info.major}{sys.version_info.minor}"
    python = folder / "bin" / "python"
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs in one checkout
        if not _is_complete(folder, packages):
            _make(folder, python, packages)
    return str(python)


def _make(folder: Path, python: Path, packages: Sequence[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    install = [str(python), "-m", "pip", "install", "-q", *packages]
    for command in ([sys.executable, "-m", "venv", str(folder)], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Unavailable(f"no environment {folder.name}: {last}")
    (folder / "complete").write_text(" ".join(packages))


def _is_complete(folder: Path, packages: Sequence[str]) -> bool:
    """Whether it is there, with all that is needed by now."""
    complete = folder / "complete"
    return complete.exists() and complete.read_text() == " ".join(packages)


@cache
def npm_packages(name: str, files: Path) -> Path:
    """A folder with the packages of a `package-lock.json`, made once a checkout.

    Args:
        name: Of the folder; with the version, so that another one is made anew.
        files: What is copied there first.

    Raises:
        Unavailable: There is no Node, or the packages cannot be had.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        raise Unavailable(f"{name} needs node and npm")
    folder = _CACHE / name
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs in one checkout
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(files, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Unavailable(f"no {name}: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
            (folder / "complete").touch()
    return folder
