"""Containers for tests: a PID namespace that ends with its first process, as a container does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

import pytest

NAMESPACE = ("--pid", "--fork", "--kill-child", "--mount-proc")


def contained(command: Sequence[str]) -> list[str]:
    """A command that runs as process 1 of a PID namespace of its own, if that is permitted here."""
    if reason := _refusal():
        pytest.skip(f"no PID namespace can be made here: {reason}")
    return [*_unshare(), *command]


def _unshare() -> list[str]:
    # Who is not root is so in a user namespace, and can make the other one there.
    return ["unshare", *(() if os.getuid() == 0 else ("--user", "--map-root-user")), *NAMESPACE, "--"]


@cache
def _refusal() -> str:
    if shutil.which("unshare") is None:
        return "no unshare"
    tried = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else ""
