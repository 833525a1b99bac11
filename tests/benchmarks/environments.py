"""Peers, each in an environment of its own, made once a checkout and not part of what is timed."""

from __future__ import annotations

import json
import subprocess

from tests.environments import Unavailable, made

__all__ = ["PEERS", "Unavailable", "python", "versions"]

PEERS = {
    "apprise": ("apprise",),
    "jupyternotify": ("jupyternotify", "ipykernel", "setuptools<81"),
    "knockknock": ("knockknock", "ipykernel"),
    "slack_sdk": ("slack-sdk",),
    "zenml": ("zenml", "slack-sdk==3.30.0", "discord.py>=2.3.2", "aiohttp>=3.8.1"),
}
"""Peer → what is installed. ZenML's are what its Slack and Discord integrations say that they want."""


def python(peer: str) -> str:
    """The interpreter of a peer's environment.

    Raises:
        Unavailable: The packages cannot be installed.
    """
    return made(f"peer-{peer}", PEERS[peer])


def versions() -> dict[str, str]:
    """The releases of all peers whose environment can be had."""
    found = {}
    for peer in PEERS:
        try:
            found[peer] = _version(python(peer), peer)
        except Unavailable as reason:
            found[peer] = str(reason)
    return found


def _version(interpreter: str, package: str) -> str:
    code = f"import importlib.metadata, json; print(json.dumps(importlib.metadata.version({package!r})))"
    return str(json.loads(subprocess.check_output([interpreter, "-c", code])))
