"""A kernel that the system kills for want of memory, in a long cell: for real."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nbalert.home import Home
from nbalert.process import client
from tests.kernels import Kernel
from tests.memory import memory_limited
from tests.person import Person
from tests.processes import wait_until

pytestmark = pytest.mark.long

GREEDY = """%%alert --every 5s -t Fit
import ctypes, pathlib, time
print("epoch 7")
while not pathlib.Path("go").exists(): time.sleep(0.05)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
while True:
    part = libc.malloc(ctypes.c_size_t(2**26))
    ctypes.memset(part, 1, 2**26)
"""
"""C code that does not look whether it was given what it has asked for, as much of it does not."""


def test_it_is_told(detached: Home, tmp_path: Path) -> None:
    """The message that said how far it was says that, and of what it died, as far as the system tells."""
    person = Person(str(client().request({"do": "link", "base": "", "person": "bob"})))
    with person as bob, Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert")
        with memory_limited(kernel.pid, 2**28) as is_killed:
            print("killed by the system" if is_killed else "no control group can be made here: it crashes")
            kernel.send(GREEDY)
            said = bob.until(lambda view: "has been running" in view["message"]["title"])
            assert said["message"]["output"] == "epoch 7"
            (tmp_path / "go").touch()
            wait_until(lambda: kernel.process.poll() is not None, 60)
            died = bob.until(lambda view: "the kernel died after" in view["message"]["title"])
    assert died["id"] == said["id"]
    message = died["message"]
    assert (message["level"], message["output"].strip()) == ("CRITICAL", "epoch 7")
    why = "for want of memory" if is_killed else "nothing tells of a lack of memory"
    assert why in message["text"]
