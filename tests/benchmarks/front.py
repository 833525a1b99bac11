"""A front end with a watch: how long cells take from the request to the reply."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq

from tests.kernels import Kernel

LIMIT_MS = 60_000
NOTED = "import time; ended_at = time.monotonic()"
"""Ends a cell whose own end is wanted: all processes share that clock."""


@dataclass(frozen=True)
class Trip:
    """One cell.

    Args:
        whole_ms: From the request to the reply.
        after_ms: From when the cell's last line has run to the reply; nan where it does not say.
    """

    whole_ms: float
    after_ms: float


class Front(Kernel):
    """A kernel, seen from its front end."""

    def __init__(self, python: str, folder: Path, env: dict[str, str] | None = None) -> None:
        super().__init__(python, folder, env)
        self.run("ended_at = float('nan')")

    def trip(self, code: str, rest_s: float = 0.0, status: str = "ok") -> Trip:
        """Run a cell.

        Args:
            rest_s: How long to let others finish what they do because of it.
            status: How it is to end; of one that fails it is not known when its last line had run.
        """
        began = time.monotonic()
        request = self.client.execute(code, user_expressions={"at": "ended_at"})
        reply, there = self._replied(request)
        if reply["content"]["status"] != status:
            raise RuntimeError(f"{code!r} has not ended so: {reply['content'].get('evalue', '')}")
        time.sleep(rest_s)
        said = reply["content"].get("user_expressions", {}).get("at")
        at = float(said["data"]["text/plain"]) if said else float("nan")
        return Trip((there - began) * 1000, (there - at) * 1000)

    def _replied(self, request: str) -> tuple[dict[str, Any], float]:
        """The reply, and when it was there. What is published is taken as it comes: a full queue drops it."""
        shell, published = self.client.shell_channel, self.client.iopub_channel
        poller = zmq.Poller()
        for channel in (shell, published):
            poller.register(channel.socket, zmq.POLLIN)
        reply: dict[str, Any] = {}
        there, is_idle = 0.0, False
        while not (reply and is_idle):
            if not (ready := dict(poller.poll(LIMIT_MS))):
                raise TimeoutError("no reply")
            if shell.socket in ready:
                there = time.monotonic()
                message = shell.get_msg()
                reply = message if _is_of(request, message) else reply
            if published.socket in ready:
                message = published.get_msg()
                is_idle = is_idle or (_is_of(request, message) and _says_idle(message))
        return reply, there


def _is_of(request: str, message: dict[str, Any]) -> bool:
    return bool(message["parent_header"].get("msg_id") == request)


def _says_idle(message: dict[str, Any]) -> bool:
    return bool(message["content"].get("execution_state") == "idle")
