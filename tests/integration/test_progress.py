"""Long cells that tell how far they are, in one message: real kernels, a killed courier, a held GIL."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.home import Home
from nbalert.process import client
from tests.chat_servers.webhook import Webhook
from tests.kernels import Kernel
from tests.person import Person, View
from tests.processes import Script, served_by, settings_file, wait_until, webhook_table

pytestmark = pytest.mark.long

WAIT = """
import pathlib, time
def wait(name):
    while not pathlib.Path(name).exists(): time.sleep(0.05)
"""
BARS = """
from tqdm import tqdm
import sys
print("two epochs")
for epoch in tqdm(range(2), desc="epochs", file=sys.stdout, mininterval=0):
    for step in tqdm(range(50), desc="steps", file=sys.stdout, mininterval=0, leave=False):
        if (epoch, step) == (1, 30): wait("go")
"""
HELD = """
import ctypes
print("phase 1")
wait("go")
ctypes.PyDLL(None).sleep(600)
"""
"""PyDLL keeps the lock of the interpreter: no other thread of the kernel runs meanwhile."""


@pytest.fixture
def chat(detached: Home) -> Iterator[Webhook]:
    """A channel that cannot edit."""
    with Webhook() as server:
        settings_file(detached.root, webhook_table("ci", server.url))
        yield server


@pytest.fixture
def kernel(chat: Webhook, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel with nbalert and `wait(NAME)`, which lasts until a file of that name is there."""
    with Kernel(sys.executable, tmp_path) as started:
        assert started.run(f"%load_ext nbalert\n{WAIT}").status == "ok"
        yield started


@pytest.fixture
def reader(kernel: Kernel) -> Iterator[Person]:
    """Somebody who looks at the built-in inbox."""
    with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as person:
        yield person


def running(reader: Person, beyond: View | None = None) -> View:
    """The message that says how far it is, once it says more than it did."""

    def matches(view: View) -> bool:
        title = view["message"]["title"]
        is_new = beyond is None or title != beyond["message"]["title"]
        return "has been running for" in title and is_new

    return reader.until(matches, 40)


def ended(reader: Person, title: str, progress: View) -> View:
    """What the message of the progress has become, which is the only one."""

    def matches(view: View) -> bool:
        says = str(view["message"]["title"])
        return says.startswith(title) and "has been running" not in says

    view = reader.until(matches, 40)
    assert (view["id"], len(reader.titles)) == (progress["id"], 1)
    return dict(view["message"])


def states() -> list[tuple[str, str]]:
    """Titles of what was sent, and what became of each."""
    return [(row["title"], row["state"]) for row in client().request({"do": "history", "limit": 10})]


def test_from_the_first_progress_to_the_result(kernel: Kernel, reader: Person, tmp_path: Path) -> None:
    """Bars are read as on a terminal, time goes on, and the result comes in that very message."""
    request = kernel.send(f"%%alert --every 5s -t Training\n{BARS}\n6 * 7")
    first = running(reader)
    lines = first["message"]["output"].splitlines()
    assert [line.partition(":")[0] for line in lines] == ["two epochs", "epochs", "steps"]
    assert "30/50" in lines[2]
    second = running(reader, first)
    assert second["message"]["duration_s"] - first["message"]["duration_s"] > 4
    (tmp_path / "go").touch()
    assert kernel.collect(request).status == "ok"
    final = ended(reader, "Training", first)
    assert (final["title"], final["result"], final["level"]) == ("Training", "42", "OK")
    kernel.run("%%alert --every 5s -t Short\n1")  # and before its time is over nothing is said
    reader.message("Short")
    wait_until(lambda: states() == [("Training", "delivered"), ("Short", "delivered")])  # shown, then marked


def test_a_kernel_that_holds_its_lock_and_dies(kernel: Kernel, reader: Person, tmp_path: Path) -> None:
    """Time goes on with the last lines that were heard; killed, its message becomes the report of that."""
    kernel.send(f"%%alert --every 5s -t Training\n{HELD}")
    first = running(reader)
    (tmp_path / "go").touch()
    second = running(reader, first)
    third = running(reader, second)
    assert third["message"]["output"] == "phase 1"
    kernel.kill()
    final = ended(reader, "Training: the kernel died after", first)
    assert final["level"] == "CRITICAL"


def test_a_courier_that_is_killed(kernel: Kernel, reader: Person, tmp_path: Path, detached: Home) -> None:
    """The next one goes on in the same message, and it ends as ever."""
    request = kernel.send('%%alert --every 5s -t Training\nwait("go")\nraise OSError("disk")')
    first = running(reader)
    pid = served_by(detached)
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: served_by(detached) not in (None, pid))
    with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as reader_again:
        assert running(reader_again, first)["id"] == first["id"]
        os.kill(served_by(detached) or 0, signal.SIGKILL)
        (tmp_path / "go").touch()
        assert kernel.collect(request).ename == "OSError"
        client().request({"do": "status"})
    with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as reader_again:
        assert ended(reader_again, "Training", first)["error"] == "OSError: disk"


def test_what_has_begun_to_tell_ends(kernel: Kernel, reader: Person, chat: Webhook, tmp_path: Path) -> None:
    """Also where its end would not be told: in place, or as one more where a channel cannot edit."""
    request = kernel.send('%%alert --every 5s --on failure -c ci -c inbox -t Load\nwait("go")')
    first = running(reader)
    second = running(reader, first)
    chat.until(lambda server: len(server.titles) == 2)
    (tmp_path / "go").touch()
    kernel.collect(request)
    assert ended(reader, "Load", first)["level"] == "OK"
    chat.until(lambda server: "Load" in server.titles)
    told = [title for title in chat.titles if title != "Load"]
    assert told == [view["message"]["title"] for view in (first, second)]
    kernel.run("%%alert --every 5s --on failure -c ci -c inbox -t Short\n1")
    kernel.run("%alert -c ci -c inbox last")
    chat.until(lambda server: "last" in server.titles)
    assert chat.titles == [*told, "Load", "last"]


def test_a_kernel_that_is_shut_down(kernel: Kernel, reader: Person) -> None:
    """Nothing goes on saying that it runs."""
    stubborn = "while True:\n    try: wait('go')\n    except KeyboardInterrupt: pass"
    kernel.send(f"%%alert --every 5s -t Training\n{stubborn}")
    first = running(reader)
    kernel.manager.shutdown_kernel(now=False)
    assert ended(reader, "Training is over", first)["level"] == "WARNING"


def test_a_block_and_a_command(reader: Person, detached: Home) -> None:
    """`watching` and `nbalert run` do the same; a command's last line is shown, however quiet it is then."""
    block = "import nbalert\nwith nbalert.watching('Block', every=5): input()"
    words = ["run", "--every", "5s", "-t", "Make", "--", "sh", "-c", "echo deep; read x"]
    command = f"from nbalert.__main__ import main; main({words})"
    with Script(block) as one, Script(command) as other:
        assert _ended(reader, "Block", one) == ""
        assert _ended(reader, "Make", other) == "deep"


def _ended(reader: Person, name: str, script: Script) -> str:
    """What it has shown of its output; it ends by a word, and so does its message."""
    said = reader.until(lambda view: view["message"]["title"].startswith(f"{name} has been"))
    script.tell()
    final = reader.until(lambda view: view["message"]["title"].startswith(f"{name} finished"))
    assert final["id"] == said["id"]
    return str(said["message"]["output"])
