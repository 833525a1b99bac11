"""Real kernels for tests: any interpreter with ipykernel, driven over the real protocol."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Run:
    """One execute request: its reply and everything published for it, in order."""

    reply: dict[str, Any]
    published: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> str:
        """`ok`, `error` or `aborted`."""
        return str(self.reply["content"]["status"])

    @property
    def ename(self) -> str:
        """Name of the exception, empty if there was none."""
        return str(self.reply["content"].get("ename", ""))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Contents of the published messages of one type, oldest first."""
        return [m["content"] for m in self.published if m["header"]["msg_type"] == kind]

    @property
    def stdout(self) -> str:
        """All that was written to stdout."""
        return "".join(c["text"] for c in self.of("stream") if c["name"] == "stdout")

    @property
    def stderr(self) -> str:
        """All that was written to stderr."""
        return "".join(c["text"] for c in self.of("stream") if c["name"] == "stderr")

    @property
    def result(self) -> str:
        """text/plain of `Out[n]`, empty if there was none."""
        results = self.of("execute_result")
        return str(results[-1]["data"]["text/plain"]) if results else ""

    @property
    def tracebacks(self) -> list[str]:
        """Every traceback that was published."""
        return ["\n".join(c["traceback"]) for c in self.of("error")]


class Kernel:
    """One kernel process with a client. Use as a context manager: it is gone afterwards."""

    def __init__(self, python: str, cwd: Path, env: dict[str, str] | None = None) -> None:
        self.manager = KernelManager()
        self._looked_at: deque[dict[str, Any]] = deque()
        self.manager._kernel_spec = KernelSpec(
            argv=[python, "-m", "ipykernel_launcher", "-f", "{connection_file}"], display_name="test"
        )
        full = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(cwd / ".ipython"), **(env or {})}
        full.pop("JPY_SESSION_NAME", None) if "JPY_SESSION_NAME" not in (env or {}) else None
        self.manager.start_kernel(cwd=str(cwd), env=full)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=False)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The kernel's process."""
        provisioner: Any = self.manager.provisioner
        process: subprocess.Popen[bytes] = provisioner.process
        return process

    @property
    def pid(self) -> int:
        """Process id of the kernel."""
        return self.process.pid

    def send(self, code: str, **options: Any) -> str:
        """Queue a cell; returns the request's id for `collect`."""
        return str(self.client.execute(code, **options))

    def collect(self, request: str, timeout_s: float = 60) -> Run:
        """Wait for the reply and the idle status of one request. Requests must be collected in order."""
        deadline = time.monotonic() + timeout_s
        while True:
            reply = self.client.get_shell_msg(timeout=max(0.01, deadline - time.monotonic()))
            if reply["parent_header"].get("msg_id") == request:
                break
        run = Run(reply)
        while True:
            left_s = max(0.01, deadline - time.monotonic())
            message = (
                self._looked_at.popleft() if self._looked_at else self.client.get_iopub_msg(timeout=left_s)
            )
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["header"]["msg_type"] == "status" and content["execution_state"] == "idle":
                return run
            run.published.append(message)

    def run_together(self, *codes: str) -> list[Run]:
        """Run cells as Run All does: all of them have arrived before the first one ends."""
        with tempfile.TemporaryDirectory() as folder:
            go = Path(folder) / "go"
            hold = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)"
            held, *requests = [self.send(code) for code in (hold, *codes)]
            go.touch()
            self.collect(held)
            return [self.collect(request) for request in requests]

    def run(self, code: str, timeout_s: float = 60, **options: Any) -> Run:
        """Run one cell to its end."""
        return self.collect(self.send(code, **options), timeout_s)

    def tell(self, kind: str, content: dict[str, Any], **header: Any) -> str:
        """Send any message on the shell channel, also while a cell runs; returns its id."""
        message = self.client.session.msg(kind, content)
        message["header"].update(header)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def published_until(
        self, match: Callable[[dict[str, Any]], bool], timeout_s: float = 60
    ) -> list[dict[str, Any]]:
        """Published messages of all requests up to the first that matches; `collect` sees them as well."""
        deadline = time.monotonic() + timeout_s
        messages = [self.client.get_iopub_msg(timeout=timeout_s)]
        while not match(messages[-1]):
            messages.append(self.client.get_iopub_msg(timeout=max(0.01, deadline - time.monotonic())))
        self._looked_at += messages
        return messages

    def published(self, timeout_s: float) -> dict[str, Any] | None:
        """The next published message of any request, or None: for looking at a cell that still runs."""
        try:
            message: dict[str, Any] = self.client.get_iopub_msg(timeout=timeout_s)
        except queue.Empty:
            return None
        return message

    def listen(self, for_s: float) -> None:
        """Take what is published meanwhile: a queue that nobody reads drops it. `collect` sees it as well."""
        deadline = time.monotonic() + for_s
        while (left_s := deadline - time.monotonic()) > 0:
            if message := self.published(left_s):
                self._looked_at.append(message)

    @contextmanager
    def left(self) -> Iterator[None]:
        """The front end is gone in the block, as when a notebook is closed; after it a new one is there."""
        self.client.stop_channels()
        self._looked_at.clear()
        try:
            yield
        finally:
            self.client = self.manager.blocking_client()
            self.client.start_channels()
            self.client.wait_for_ready(timeout=60)

    def interrupt(self) -> None:
        """What the stop button does."""
        self.manager.interrupt_kernel()

    def kill(self) -> None:
        """SIGKILL, as the out-of-memory killer sends it."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()
