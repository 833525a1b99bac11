"""Kernels that die are told; kernels that end are not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from nbalert.courier.attendance import Presence
from nbalert.courier.deaths import Death, Deaths
from nbalert.home import Home
from nbalert.line import Peer
from nbalert.process import client
from tests.containers import contained
from tests.kernels import Kernel
from tests.person import Person
from tests.processes import Script, wait_until

TOLD = {"title": "Fit", "channels": [""], "code": "", "output": "", "source": {}, "started_at": 0.0}
BUSY = "import time\nprint('epoch 7', flush=True)\nwhile True: time.sleep(0.01)"


@pytest.fixture
def kernel(home: Home, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel with nbalert; this process hosts the courier."""
    client().request({"do": "status"})
    with Kernel(sys.executable, tmp_path) as started:
        started.run("%load_ext nbalert")
        yield started


def titles() -> list[str]:
    """What was sent so far."""
    return [row["title"] for row in client().request({"do": "history", "limit": 100})]


def present() -> list[int]:
    """Who is on the line."""
    return [one["pid"] for one in client().request({"do": "status"})["present"]]


def start_cell(kernel: Kernel, code: str) -> None:
    """Queue a cell and see it print."""
    kernel.send(code)
    while (message := kernel.published(20)) is not None:
        if message["header"]["msg_type"] == "stream" and "epoch" in message["content"]["text"]:
            return
    raise AssertionError("the cell printed nothing")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_kernel_that_dies_in_an_alerted_cell_is_told(kernel: Kernel, number: signal.Signals) -> None:
    """Killed, ended from outside, crashed: the cell's name, how long, and that it was no end of its own."""
    start_cell(kernel, f"%%alert -t Training\n{BUSY}")
    wait_until(lambda: kernel.pid in present())
    os.kill(kernel.pid, number)
    wait_until(lambda: any(t.startswith("Training: the kernel died after") for t in titles()))
    assert len(titles()) == 1


def test_the_last_lines_of_output_are_told(kernel: Kernel, home: Home) -> None:
    """What the cell had printed some seconds before goes along, and its code."""
    start_cell(kernel, f"%%alert -t Training\n{BUSY}")
    time.sleep(2.5)  # the tail is sent every two seconds, and nothing tells of that
    kernel.kill()
    with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as bob:
        message = bob.until(lambda view: "died" in view["message"]["title"])["message"]
    assert "epoch 7" in message["output"]
    assert "epoch 7" in message["code"]


def test_a_kernel_that_dies_while_it_asks_cancels_its_question(kernel: Kernel) -> None:
    """The chat says that nobody waits any more."""
    kernel.send('%ask "Deploy?"')
    wait_until(lambda: client().request({"do": "status"})["questions"])
    kernel.kill()
    wait_until(lambda: not client().request({"do": "status"})["questions"])
    (row,) = client().request({"do": "history", "limit": 10})
    assert "the kernel that asked has died" in row["decision"]


def test_a_restart_of_a_busy_kernel_is_no_death(kernel: Kernel) -> None:
    """The request comes on the control channel before the kill; nothing is reported."""
    start_cell(kernel, f"%%alert -t Training\n{BUSY}")
    wait_until(lambda: kernel.pid in present())
    kernel.manager.restart_kernel(now=False)
    wait_until(lambda: len(present()) == 1)
    assert not any("died" in title for title in titles())


def test_a_shutdown_is_no_death(kernel: Kernel) -> None:
    """An idle kernel that has alerted and is shut down leaves no report."""
    kernel.run("%%alert -t Done\n1")
    kernel.manager.shutdown_kernel(now=False)
    wait_until(lambda: len(present()) == 1)
    assert titles() == ["Done"]


def test_a_forked_worker_does_not_hide_a_death(kernel: Kernel) -> None:
    """A worker that outlives its kernel keeps the line open; the death is told all the same."""
    # The end of a kernel interrupts its whole process group, and a worker must not go on as a kernel.
    wait = "    try: time.sleep(3)\n    finally: os._exit(0)\n"
    worker = f"import os, time\nif os.fork() == 0:\n{wait}"
    start_cell(kernel, f"%%alert -t Training\n{worker}{BUSY}")
    wait_until(lambda: kernel.pid in present())
    kernel.kill()
    wait_until(lambda: any("died" in title for title in titles()), 5)


@pytest.mark.parametrize(("kills", "says"), [("4", "for want of memory"), ("3", "nothing tells of a lack")])
def test_a_lack_of_memory_is_told(tmp_path: Path, kills: str, says: str) -> None:
    """Where the count of the process's control group has risen by the time it dies, the message says so."""

    async def work(worker: subprocess.Popen[bytes]) -> str:
        died: asyncio.Future[Death] = asyncio.get_running_loop().create_future()
        deaths = Deaths(died.set_result, tmp_path)
        deaths.watch(Presence(cast(Any, None), "a", worker.pid, "", "", runs={"1": TOLD}))
        count_kills(tmp_path, kills)
        worker.kill()
        ((_, data),) = (await asyncio.wait_for(died, 20)).entries
        return str(data["message"]["text"])

    count_kills(tmp_path, "3")
    with subprocess.Popen(["sleep", "100"]) as worker:
        assert says in asyncio.run(work(worker))


def count_kills(cgroups: Path, number: str) -> None:
    """This process's control group as the system shows it, with so many processes killed."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, group = line.split(":", 2)
        place, name = (
            (cgroups, "memory.events") if not controllers else (cgroups / "memory", "memory.oom_control")
        )
        folder = place / group.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"oom 1\noom_kill {number}\n")


COMES_BACK = """
from nbalert.home import Home
from nbalert.line import PROTOCOL, Line
import os
told = {"title": "Training", "channels": [""], "code": "", "output": "", "source": {}, "started_at": 0}
hello = {"do": "hello", "protocol": PROTOCOL, "origin": "o", "pid": os.getpid(), "notebook": ""}
for runs in ({"run": told}, {}):
    line = Line.connect(Home.find().socket)
    line.send({**hello, "messages": [], "questions": [], "runs": runs})
    next(line.frames())
    if runs:
        line.close()
line.send({"do": "bye"})
"""


WATCHED = """
import nbalert, os, time
with nbalert.watching("Training"):
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


def test_a_goodbye_on_a_second_line_counts(home: Home) -> None:
    """A process that came back after a cut and ends in order has not died in the cell that ran at the cut."""
    client().request({"do": "status"})
    with Script(COMES_BACK) as script:
        assert script.end() == 0, script.stderr
        wait_until(lambda: script.pid not in present())
    assert titles() == []


def test_a_death_in_another_pid_namespace(home: Home) -> None:
    """In a container, where it calls itself process 1: the system knows better whom to watch."""
    client().request({"do": "status"})
    with Script(WATCHED, under=contained) as script:
        assert script.line() == "1"
        wait_until(lambda: len(present()) == 2)
        assert 1 not in present()
        script.kill()
        wait_until(titles)
    (title,) = titles()
    assert "died" in title


def test_what_a_process_said_last_counts(tmp_path: Path) -> None:
    """Its end is known before its line has been read to the end: a cell that it had just begun is told."""

    async def work(worker: subprocess.Popen[bytes]) -> list[Death]:
        died: list[Death] = []
        deaths = Deaths(died.append, tmp_path)
        presence = Presence(cast(Any, None), "a", worker.pid, "", "")
        deaths.watch(presence)
        worker.kill()
        worker.wait()
        await asyncio.sleep(0.1)
        assert died == []
        presence.runs["1"] = TOLD
        deaths.leave(presence)
        return died

    with subprocess.Popen(["sleep", "100"]) as worker:
        (death,) = asyncio.run(work(worker))
    assert len(death.entries) == 1


def test_who_cannot_be_seen_is_given_up_when_it_stays_away(home: Home) -> None:
    """A courier in a container, a kernel outside: its pid means another process there, or none."""
    died: list[Death] = []

    async def work() -> None:
        reader = asyncio.StreamReader()
        deaths = Deaths(died.append)
        peer = Peer(reader, cast(asyncio.StreamWriter, None), 0)
        presence = Presence(peer, "o", gone, "", "", is_seen=False)
        deaths.watch(presence)
        deaths.leave(presence)
        deaths.give_up(lambda origin: False)
        assert died == []
        deaths.give_up(lambda origin: True)
        assert len(died) == 1

    with subprocess.Popen(["true"]) as process:
        gone = process.pid
    asyncio.run(work())


def test_without_pidfds_a_zombie_has_died(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pid is there until its parent asks, and may be another's later: being off the line counts."""
    monkeypatch.delattr(os, "pidfd_open")  # as on macOS
    died: list[Death] = []

    async def work(pid: int) -> None:
        reader = asyncio.StreamReader()
        deaths = Deaths(died.append)
        presence = Presence(Peer(reader, cast(asyncio.StreamWriter, None)), "o", pid, "", "")
        deaths.watch(presence)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: f"{pid}) Z" in state_of(pid))
        deaths.leave(presence)
        assert died == []
        deaths.give_up(lambda origin: False)
        assert died == []
        for _ in range(2):
            deaths.give_up(lambda origin: origin == "o")
        assert [death.presence.pid for death in died] == [pid]

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        asyncio.run(work(process.pid))


def state_of(pid: int) -> str:
    """As the system shows it, without the name: `PID) STATE`."""
    before, _, after = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")
    return f"{before.split()[0]}) {after.split()[0]}"
