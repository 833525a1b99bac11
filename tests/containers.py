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


def mounted(setup: str, command: Sequence[str]) -> list[str]:
    """A command that sees file systems mounted by a line of shell, and nobody else does."""
    if reason := _refusal():
        pytest.skip(f"no mount namespace can be made here: {reason}")
    return [*_unshare(), "sh", "-ec", f'{setup}\nexec "$@"', "sh", *command]


def unprivileged(command: Sequence[str]) -> list[str]:
    """A command whose user has limits: root has none. It may read what root may."""
    if os.getuid() != 0:
        return list(command)
    nobody = ("--reuid=65534", "--regid=65534", "--clear-groups")
    return ["setpriv", *nobody, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--", *command]
