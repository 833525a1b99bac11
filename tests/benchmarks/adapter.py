"""A program of `tests.benchmarks.peers`, run by the Python that it is for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.benchmarks import environments
from tests.kernels import ROOT

FOLDER = Path(__file__).with_name("peers")
QUIET = {"ZENML_ANALYTICS_OPT_IN": "false", "ZENML_LOGGING_VERBOSITY": "ERROR", "NO_PROXY": "127.0.0.1"}


def command(program: str, *words: str, peer: str = "") -> list[str]:
    """What runs it.

    Args:
        program: Name of the file, without its end.
        peer: Whose environment; ours if empty.
    """
    interpreter = environments.python(peer) if peer else sys.executable
    return [interpreter, str(FOLDER / f"{program}.py"), *words]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """For its process."""
    return {**os.environ, **QUIET, "PYTHONPATH": str(ROOT), **(more or {})}


def once(argv: list[str], env: Mapping[str, str] | None = None) -> str:
    """Run it to its end; what it printed."""
    done = subprocess.run(argv, env=environment(env), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(argv[1]).name} failed: {done.stderr[-500:]}")
    return done.stdout


class Adapter:
    """One that stays, takes a line of JSON and answers with one. Use as a context manager."""

    def __init__(self, argv: list[str], env: Mapping[str, str] | None = None) -> None:
        self._name = Path(argv[1]).name
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - its stderr; nobody would read a pipe
        self._process = subprocess.Popen(
            argv,
            env=environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._said.close()

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def tell(self, word: object) -> None:
        """A line for it."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(word) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """The next line that it prints; those that are no JSON are a library's own."""
        assert self._process.stdout
        for line in self._process.stdout:
            try:
                return json.loads(line)
            except ValueError:
                continue
        code = self._process.wait()
        self._said.seek(0)
        raise RuntimeError(f"{self._name} ended with {code}: {self._said.read()[-500:]}")

    def ask(self, word: object) -> Any:
        """Both."""
        self.tell(word)
        return self.hear()
