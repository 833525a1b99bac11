"""A Slack of somebody else's: the npm package `emulate`, pinned, for the Web API and incoming webhooks.

It knows what our own hand-written one may have misunderstood. It is lax about limits, and has no Socket Mode.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.environments import npm_packages

VERSION = "0.11.2"
"""0.12 does not run on Debian's Node; `latest` is another package."""
BOT_TOKEN, BOB_TOKEN = "xoxb-nb-full", "xoxp-bob"
_FILES = Path(__file__).resolve().parent / "emulate"


def installed() -> Path:
    """The package's folder, made once a checkout.

    Raises:
        Unavailable: There is no Node, or the package cannot be had.
    """
    return npm_packages(f"emulate-{VERSION}", _FILES)


class Emulator:
    """One that runs. Use as a context manager."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def __enter__(self) -> Self:
        folder = installed()
        start = ["start", "--service", "slack", "--port", str(self.port), "--seed", "seed.yaml"]
        self._process = subprocess.Popen(
            ["node", "-r", "./bindlocal.cjs", "node_modules/emulate/dist/index.js", *start],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._http = httpx.Client(base_url=self.base_url, trust_env=False, timeout=10)
        deadline = time.monotonic() + 30
        while not self._is_up():
            assert self._process.poll() is None, "the Slack emulator has ended"
            assert time.monotonic() < deadline, "the Slack emulator does not answer"
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    @property
    def base_url(self) -> str:
        """Of the Web API."""
        return f"http://127.0.0.1:{self.port}/api/"

    @property
    def hook_url(self) -> str:
        """Of the seeded webhook."""
        return f"http://127.0.0.1:{self.port}/services/T000000001/B000000001/X000000001"

    def call(self, method: str, token: str = BOB_TOKEN, **arguments: str) -> dict[str, Any]:
        """Somebody calls a method."""
        headers = {"Authorization": f"Bearer {token}"}
        body: dict[str, Any] = self._http.post(method, data=arguments, headers=headers).json()
        assert body["ok"], body
        return body

    def channel(self, name: str) -> str:
        """Id of a conversation."""
        listed = self.call("conversations.list")["channels"]
        return str(next(one["id"] for one in listed if one["name"] == name))

    def _is_up(self) -> bool:
        try:
            return bool(self.call("auth.test"))
        except httpx.TransportError:
            return False
