from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nbalert import ending
from nbalert.ending import INTERACTIVE_WAIT_S, UNATTENDED_WAIT_S, Hurry
from tests.kernels import Kernel
from tests.processes import Script

LONGEST = "from nbalert import ending; print(ending.wait_s())"


@pytest.mark.parametrize(("session", "wait_s"), [("/a/b.ipynb", INTERACTIVE_WAIT_S), ("", UNATTENDED_WAIT_S)])
def test_a_kernel_with_and_without_a_session(session: str, wait_s: float, tmp_path: Path) -> None:
    """Nobody sits before one of papermill or nbclient; its own workers and commands are no kernels."""
    env = {"JPY_SESSION_NAME": session} if session else {}
    with Kernel(sys.executable, tmp_path, env) as kernel:
        assert float(kernel.run(LONGEST).stdout) == wait_s
        command = kernel.run(f"import subprocess, sys\n!{{sys.executable}} -c {LONGEST!r}").stdout
        assert float(command) == UNATTENDED_WAIT_S
        fork = "import os\nif (child := os.fork()) == 0: os._exit(ending._is_kernel())\n"
        assert kernel.run(fork + "os.waitpid(child, 0)[1]").result == "0"


def test_a_script() -> None:
    """Nor before that; also where a notebook has started it."""
    with Script(LONGEST, env={"JPY_SESSION_NAME": "/a/b.ipynb"}) as script:
        assert float(script.line()) == UNATTENDED_WAIT_S


def test_nothing_left_is_not_waited_for() -> None:
    """The wait looks first; what comes to an end meanwhile ends it."""
    counts = iter([2, 1, 0])
    assert ending.wait_for(lambda: 0, 1e9, Hurry()) == 0
    assert ending.wait_for(lambda: next(counts), 1e9, Hurry()) == 0
    assert ending.wait_for(lambda: 7, 0, Hurry()) == 7


def test_who_is_in_a_hurry_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    """The wait goes on nevertheless."""
    counts = iter([3, 3, 2, 0])
    hurry = Hurry(is_wanted=True)
    assert ending.wait_for(lambda: next(counts), 1e9, hurry) == 0
    assert hurry.is_told_of
    assert capfd.readouterr().err.count("nbalert: 3 alert(s) still on the way, and kept") == 1


def test_a_stream_that_is_no_file(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The line goes to the process's own standard error, then; where there is none, nowhere."""
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "__stderr__", open(2, "w", closefd=False))  # noqa: SIM115
    ending.say_left(1)
    assert "1 alert(s)" in capfd.readouterr().err
    monkeypatch.setattr(sys, "__stderr__", None)
    ending.say_left(1)
