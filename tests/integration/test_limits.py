"""What a machine may refuse: processes, threads, files, space. Cells go on, one line says what is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import nbalert
from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.process import client, finish
from tests.chat_servers.webhook import Webhook
from tests.containers import mounted, unprivileged
from tests.processes import Script, settings_file, webhook_table

pytestmark = pytest.mark.long

SHELL = """
import os, resource, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "nbalert")
shell.run_cell("pass")  # what IPython itself loads with its first cell
def cell(name, body=""):
    done = shell.run_cell(f"%%alert -t '{name}' -c ci\\n{body}\\nran = {name!r}")
    print(f"{shell.user_ns['ran']}: {done.success}")
def courier():
    from nbalert.process import client
    print(client().request({"do": "status"})["courier"]["mode"])
"""
"""`cell(name)` runs an alerted cell; `courier()` says where the courier lives."""


@pytest.fixture
def server(home: Home) -> Iterator[Webhook]:
    """The channel `ci`."""
    with Webhook() as served:
        settings_file(home.root, webhook_table("ci", served.url))
        home.root.chmod(0o700)
        yield served


@pytest.mark.parametrize("program", ["", "/nowhere/python", os.devnull])
def test_no_program_to_start(program: str, server: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that was removed, or may not be executed: the courier is a thread, and nothing is said."""
    code = f"{SHELL}\nsys.executable = {program!r}\ncell('one')\ncourier()"
    with Script(code, env={"NBALERT_COURIER": "process"}) as script:
        assert (script.line(), script.line()) == ("one: True", "inline")
        assert script.end() == 0
        assert script.stderr == ""
    assert server.titles == ["one"]


def test_neither_process_nor_thread(home: Home, server: Webhook) -> None:
    """At the limit of processes the cell goes on and its alert is kept; the end does not wait in vain."""
    if os.getuid() == 0:
        for path in (home.root, *home.root.iterdir()):
            os.chown(path, 65534, 65534)
    code = f"{SHELL}\nresource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\ncell('one')"
    env = {"NBALERT_EXIT_WAIT": "600", "PYTHONWARNINGS": "ignore"}
    with Script(code, env=env, under=unprivileged) as script:
        assert script.line() == "one: True"
        assert script.end() == 0
        assert script.stderr.splitlines() == [
            "nbalert: 1 alert(s) still on the way, and kept (nbalert status says what they wait for)"
        ]
    assert len(list(home.spool.glob("*.json"))) == 1
    os.chown(home.root, os.getuid(), -1)


def test_a_home_far_down(
    server: Webhook, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path too long for a socket is none for nbalert, also where processes have other temporary folders."""
    deep = tmp_path.joinpath(*["x" * 60] * 3)
    settings_file(deep, webhook_table("ci", server.url))
    monkeypatch.setenv("NBALERT_HOME", str(deep))
    code = "import nbalert; nbalert.post('script', channel='ci').wait(60); print('sent'); input()"
    with Script(code, env={"TMPDIR": "/"}) as script:
        assert script.line() == "sent"
        nbalert.post("here", channel="ci").wait(60)
        (courier,) = {client().request({"do": "status"})["courier"]["pid"]}
        assert courier != os.getpid()
        script.tell()
        assert script.end() == 0
    finish()
    stop_courier(Home.find())
    assert server.titles == ["script", "here"]


def test_a_home_that_is_read_only(home: Home, server: Webhook) -> None:
    """The alert cannot be kept, one line says so, and the cell goes on; a question lets nothing run."""
    read_only = f"mount --bind {home.root} {home.root}; mount -o remount,ro,bind {home.root}"
    code = f"""{SHELL}
cell("one")
shell.run_cell("%%ask Deploy? -c ci\\nprint('it ran')")
"""
    with Script(code, under=partial(mounted, read_only)) as script:
        assert script.line() == "one: True"
        script.end()
        assert script.stderr.splitlines()[0] == (
            f"nbalert: the alert could not be kept in {home.spool}: Read-only file system"
        )
        assert "it ran" not in script.rest()
    assert server.accepted == []


def test_a_disk_that_is_full_for_a_while(home: Home, server: Webhook) -> None:
    """What came before leaves, what cannot be kept is said in one line, and with room again all is well."""
    settings = home.settings.read_text().replace('"', '\\"')
    small = f'mount -t tmpfs -o size=4m,mode=700 none {home.root}; printf "{settings}" > {home.settings}'
    code = f"""{SHELL}
cell("before")
courier()
with open({str(home.root / "big")!r}, "wb", buffering=0) as big:
    try:
        while True: big.write(bytes(4096))
    except OSError: pass
cell("full")
os.unlink(big.name)
cell("after")
"""
    with Script(code, env={"NBALERT_EXIT_WAIT": "600"}, under=partial(mounted, small)) as script:
        assert script.line() == "before: True"
        assert script.line() in ("detached", "inline")
        assert [script.line(), script.line()] == ["full: True", "after: True"]
        assert script.end() == 0
        assert script.stderr.splitlines() == [
            f"nbalert: the alert could not be kept in {home.spool}: No space left on device"
        ]
    assert server.titles == ["before", "after"]


def test_a_home_on_a_slow_file_system(home: Home, server: Webhook) -> None:
    """Each change of a file takes 40 ms: the cells go on, nothing is said, and all arrives in order."""
    changes = "rename,unlink,pwrite64,fsync,fdatasync,ftruncate,mkdir"
    slow = ["strace", "-f", "-o", os.devnull, "-e", f"trace={changes}"]
    slow += ["-e", f"inject={changes}:delay_enter=40000"]  # µs
    code = f"""{SHELL}
for name in ("one", "two", "three"): cell(name)
from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.process import finish
finish()
stop_courier(Home.find())
"""
    env = {"NBALERT_COURIER": "process", "NBALERT_EXIT_WAIT": "600"}
    with Script(code, env=env, under=lambda command: [*slow, *command]) as script:
        assert [script.line(), script.line(), script.line()] == ["one: True", "two: True", "three: True"]
        assert script.end() == 0
        assert script.stderr == ""
    assert server.titles == ["one", "two", "three"]


def test_out_of_files_for_a_while(home: Home, server: Webhook) -> None:
    """With no descriptor left the cell goes on and one line is said; what was accepted leaves afterwards."""
    code = f"""{SHELL}
cell("before")
courier()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
def fill():
    taken = []
    try:
        while True: taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError: return taken
taken = fill()
while late := (time.sleep(0.2), fill())[1]: taken += late  # what a courier in this process closes meanwhile
cell("none left")
os.close(taken.pop())
cell("one left")
for file in taken: os.close(file)
cell("after")
"""
    with Script(code, env={"NBALERT_EXIT_WAIT": "600"}) as script:
        assert script.line() == "before: True"
        assert script.line() in ("detached", "inline")
        assert [script.line() for _ in range(3)] == [
            "none left: True",
            "one left: True",
            "after: True",
        ]
        assert script.end() == 0
        assert script.stderr.splitlines() == [
            f"nbalert: the alert could not be kept in {home.spool}: Too many open files"
        ]
    assert server.titles == ["before", "one left", "after"]


def test_out_of_files_from_the_beginning(home: Home, server: Webhook) -> None:
    """A courier that could not begin does so when there are files again."""
    code = f"""{SHELL}
import nbalert.asking, nbalert.cell_message, nbalert.settings, nbalert.vigil
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
taken = []
try:
    while True: taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError: pass
os.close(taken.pop())
os.close(taken.pop())
def until_resting():
    # A try to have a courier has just failed, and the next one is a second away: until then it takes no file.
    connection, began = nbalert.process.client()._connection, time.monotonic()
    while time.monotonic() - began < 0.9:
        began, connection._fault = time.monotonic(), ""
        while not connection._fault: time.sleep(0.001)
shell.user_ns["until_resting"] = until_resting
cell("one", "until_resting()")
for file in taken: os.close(file)
"""
    with Script(code, env={"NBALERT_EXIT_WAIT": "600"}) as script:
        assert script.line() == "one: True"
        assert script.end() == 0
        assert script.stderr == ""
    assert server.titles == ["one"]
