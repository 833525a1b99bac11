"""The commit of a notebook's folder, and whether it has changes; git is never asked on a cell's thread."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

LOOK_S = 5.0
"""A folder so large that git needs longer has no commit in its alerts."""
FRESH_S = 10.0
"""For so long an answer is taken for that of now: cells in a row ask git once."""
SHORT = 10

_known: dict[Path, tuple[float, str]] = {}
_looking = threading.Lock()


def commit_of(folder: Path) -> str:
    """What `look_up` found last: `1a2b3c4d5e`, with ` (modified)` where it has changes; empty if unknown."""
    return _known.get(folder, (0.0, ""))[1]


def look_up(folder: Path) -> None:
    """Ask git, unless it was asked just now or somebody is at it. Takes its time: not for a cell's thread."""
    at, _ = _known.get(folder, (-FRESH_S, ""))
    if time.monotonic() - at < FRESH_S or not _looking.acquire(blocking=False):
        return
    try:
        _known[folder] = time.monotonic(), _ask_git(folder)
    finally:
        _looking.release()


def _ask_git(folder: Path) -> str:
    # A cloned project's own configuration is not to run a program of its choice.
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder)]
    status = ["status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules"]
    try:
        told = subprocess.run(
            [*command, *status],
            capture_output=True,
            text=True,
            timeout=LOOK_S,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError, ValueError):  # no git, or too slow
        return ""
    lines = told.stdout.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if told.returncode or not commit or commit == "(initial)":
        return ""
    is_modified = any(not line.startswith("#") for line in lines)
    return commit[:SHORT] + (" (modified)" if is_modified else "")
