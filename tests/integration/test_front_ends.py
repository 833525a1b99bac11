"""Front ends that go and come back while the kernel lives on: that is no death."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.home import Home
from nbalert.process import client
from tests.kernels import Kernel
from tests.person import Person
from tests.processes import wait_until

BUSY = "import os, time\nprint('epoch', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)"


@pytest.fixture
def kernel(home: Home, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel on the line; the courier lives elsewhere."""
    client().request({"do": "status"})
    with Kernel(sys.executable, tmp_path) as started:
        started.run("%load_ext nbalert")
        yield started


def titles() -> list[str]:
    """What was sent so far, oldest first."""
    return [row["title"] for row in client().request({"do": "history", "limit": 100})]


def is_present(kernel: Kernel) -> bool:
    """Whether the kernel is on the line."""
    return kernel.pid in [one["pid"] for one in client().request({"do": "status"})["present"]]


def begin(kernel: Kernel, code: str) -> None:
    """Run a cell until it prints, or asks."""
    kernel.send(code)
    kernel.published_until(lambda message: "epoch" in message["content"].get("text", ""))


def test_an_alerted_cell_goes_on_without_a_front_end(kernel: Kernel, tmp_path: Path) -> None:
    """Closed in the midst of an alerted cell, opened after it: its alert came, and nothing of a death.

    Of the same kernel's death in the next cell the new front end's user hears: it was watched all along.
    """
    begin(kernel, f"%%alert -t Trained\n{BUSY}")
    wait_until(lambda: is_present(kernel))
    with kernel.left():
        (tmp_path / "go").touch()
        wait_until(titles)
    assert kernel.run("1 + 1").result == "2"
    assert kernel.run("%%alert -t Tested\n2 + 2").result == "4"
    wait_until(lambda: len(titles()) == 2)
    (tmp_path / "go").unlink()
    begin(kernel, f"%%alert -t Evaluated\n{BUSY}")
    kernel.kill()
    wait_until(lambda: len(titles()) == 3)
    assert ["died" in title for title in titles()] == [False, False, True]


def test_a_question_stays_open_without_a_front_end(kernel: Kernel, tmp_path: Path) -> None:
    """Its cell waits on; the answer that is given meanwhile runs the body, and the kernel is the same."""
    kernel.send('%%ask "Deploy?"\nopen("ran", "w").close()')
    with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as bob:
        bob.message("Deploy?")
        with kernel.left():
            assert bob.answer("Deploy?", "approve").is_success
            wait_until((tmp_path / "ran").exists)
        assert bob.decision("Deploy?")["outcome"] == "approved"
    assert kernel.run("1 + 1").result == "2"
    assert titles() == ["Deploy?"]
