"""The bar of what is waited for: with rich, with tqdm, with neither, and where nobody would see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels import ROOT
from tests.terminal import Terminal

WAIT = """
import sys, time
sys.modules.update(dict.fromkeys({hidden}))  # as if they were not installed
from nbalert.meter import Meter
with Meter() as meter:
    meter.show(0.1, "too soon")
    while meter.can_show and not meter.is_due:
        time.sleep(0.01)
    meter.show(0.5, "1 of 2 delivered [b]")
print("the end", {shown}, file=sys.stderr)
"""
SHOWN = "sorted({'rich', 'tqdm'} & {name for name, module in sys.modules.items() if module})"


@pytest.mark.parametrize(
    ("hidden", "looks", "brought"),
    [((), "━", "['rich']"), (("rich",), "█", "['tqdm']"), (("rich", "tqdm"), "nbalert: 1 of 2", "[]")],
)
def test_in_a_terminal(hidden: tuple[str, ...], looks: str, brought: str, tmp_path: Path) -> None:
    """Whichever is there draws it, after half a second; it is taken away, and nothing else is imported."""
    with Terminal(WAIT.format(hidden=list(hidden), shown=SHOWN), tmp_path) as terminal:
        assert terminal.end() == 0
        assert "1 of 2 delivered [b]" in terminal.said
        assert looks in terminal.said
        assert "too soon" not in terminal.said
        assert f"the end {brought}" in terminal.said
        left = terminal.said.rpartition("the end")[0].rpartition("1 of 2")[2]
        assert "\r" in left


def test_without_a_terminal() -> None:
    """Nothing is shown, and neither is imported."""
    ended = subprocess.run(
        [sys.executable, "-c", WAIT.format(hidden=[], shown=SHOWN)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert ended.stderr == "the end []\n"


def test_in_a_command_of_a_notebook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Below a `!command` all stays that a bar writes over: nothing is shown."""
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    with Terminal(WAIT.format(hidden=[], shown=SHOWN), tmp_path) as terminal:
        assert terminal.end() == 0
        assert terminal.said.strip() == "the end []"
