"""Couriers that are killed, or of another build: the next one takes over; asks go on, or fail closed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

import httpx
import pytest

from nbalert import __version__
from nbalert.home import Home
from nbalert.process import client, finish
from tests.chat_servers.webhook import Webhook
from tests.kernels import ROOT, Kernel
from tests.person import Person
from tests.processes import ASK, Script, couriers, served_by, settings_file, wait_until, webhook_table

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("detached")]

POST = "import nbalert; nbalert.post('Last words', channel='ci'); input()"
ASK_IN_TWO = """
from nbalert.asking import hold, put
from nbalert.eligibility import Terms
asked = put("Deploy?", Terms(timeout_s=60))
print(asked.question.id, asked.question.run)
print(asked.pending.decided.result().sentence)
input()
decision = hold(asked, raises=False)
if decision:
    print("the body")
print(asked.settle(decision).sentence)
"""


def bob() -> Person:
    """Somebody at the inbox of this home."""
    return Person(str(client().request({"do": "link", "base": "", "person": "bob"})))


def kill_courier(home: Home) -> int:
    """SIGKILL for the one that serves; its pid."""
    pid = served_by(home)
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pid not in couriers(home))
    return pid


def another(home: Home, pid: int) -> bool:
    """Whether somebody else serves by now."""
    return served_by(home) not in (None, pid)


def spoil(store: Path) -> None:
    """What no courier can open."""
    for path in store.parent.glob(store.name + "*"):
        path.unlink()
    store.mkdir()


def test_it_is_replaced_while_somebody_asks(detached: Home) -> None:
    """The question stays open, an answer given to the next courier counts, and the asker goes on."""
    with Script(ASK) as asker, bob() as person:
        person.message("Deploy?")
        finish()  # the asker alone replaces it
        began = time.monotonic()
        killed = kill_courier(detached)
        wait_until(lambda: another(detached, killed))
        print(f"replaced after {time.monotonic() - began:.2f} s")
        wait_until(lambda: has_answered(person))
        assert asker.line() == "approved by bob"


def has_answered(person: Person) -> bool:
    """Try to say yes; the inbox comes back with the courier."""
    try:
        return person.answer("Deploy?", "approve").is_success
    except httpx.TransportError:
        return False


def test_it_is_killed_between_decision_and_use(detached: Home) -> None:
    """The next courier confirms the approval to the run that asked, as often as it asks, and to no other.

    Also not to another process that knows which run it was.
    """
    with Script(ASK_IN_TWO) as asker:
        question, run = asker.line().split()
        with bob() as person:
            assert person.answer("Deploy?", "approve").is_success
        assert asker.line() == "approved by bob"
        kill_courier(detached)
        other = {"do": "consume", "question": question, "run": "another", "code_sha256": ""}
        assert client().request(other, 30) is False
        assert client().request({**other, "run": run}) is False
        asker.tell()
        assert [asker.line(), asker.line()] == ["the body", "approved by bob"]
        assert client().request({**other, "run": run}) is False


def test_no_courier_can_be_started(detached: Home, tmp_path: Path) -> None:
    """An approval that no courier can confirm runs nothing, and the cell says why in one line."""
    body = tmp_path / "ran"
    with Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert")
        with bob() as person:
            request = kernel.send(f'%%ask "Deploy?"\nopen({str(body)!r}, "w").close()')
            person.message("Deploy?")
            os.kill(kernel.pid, signal.SIGSTOP)  # the approval is on the line, and not yet used
            assert person.answer("Deploy?", "approve").is_success
            person.decision("Deploy?")
        finish()
        kill_courier(detached)
        spoil(detached.store)
        os.kill(kernel.pid, signal.SIGCONT)
        run = kernel.collect(request)
    assert (run.status, run.ename, body.exists()) == ("error", "NotApproved", False)
    assert len(run.tracebacks) == 1
    says = run.reply["content"]["evalue"]
    assert says.startswith("error: approved, but the approval could not be used: no answer from the courier")
    assert "store.db cannot be used" in says
    assert "\n" not in says


def test_a_killed_host_is_followed_by_a_process(detached: Home, tmp_path: Path) -> None:
    """A kernel that hosts the courier itself is killed: who asks starts one, and is answered."""
    with Kernel(sys.executable, tmp_path, env={"NBALERT_COURIER": "inline"}) as kernel:
        kernel.run("%load_ext nbalert")
        kernel.run("%alert Hello")
        wait_until(lambda: served_by(detached) == kernel.pid)
        with Script(ASK) as asker, bob() as person:
            person.message("Deploy?")
            kernel.kill()
            wait_until(lambda: couriers(detached) == [served_by(detached)])
            wait_until(lambda: has_answered(person))
            assert asker.line() == "approved by bob"


def test_who_started_it_is_killed(detached: Home) -> None:
    """A kernel dies while its courier begins: that courier sends what the kernel had accepted."""
    with Webhook() as server:
        settings_file(detached.root, webhook_table("ci", server.url))
        with Script(POST) as script:
            wait_until(lambda: couriers(detached))
            script.kill()
        server.until(lambda s: s.titles == ["Last words"])


def test_it_is_killed_while_it_begins(detached: Home) -> None:
    """The next one is a process again: that one was killed does not mean that none can run."""
    with Webhook() as server:
        settings_file(detached.root, webhook_table("ci", server.url))
        with Script(POST):
            for _ in range(3):
                wait_until(lambda: couriers(detached) and not served_by(detached))
                for pid in couriers(detached):
                    os.kill(pid, signal.SIGKILL)
            server.until(lambda s: s.titles == ["Last words"])
            assert served_by(detached) in couriers(detached)


def test_stale_files(detached: Home) -> None:
    """A socket that nobody listens on, and locks that nobody holds, are in nobody's way."""
    detached.socket.parent.mkdir(mode=0o700, parents=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(detached.socket))
        dead.listen()
    for path in (detached.lock, detached.starting):
        path.write_text(str(os.getpid()))  # a pid that lives: it says nothing
    assert client().request({"do": "status"}, 30)["courier"]["mode"] == "detached"


def copied(folder: Path, version: str) -> dict[str, str]:
    """The environment of another build: a second copy of the package, of another version."""
    shutil.copytree(ROOT / "nbalert", folder / "nbalert", ignore=shutil.ignore_patterns("__pycache__"))
    root = folder / "nbalert" / "__init__.py"
    text = root.read_text(encoding="utf-8")
    assert f'"{__version__}"' in text
    root.write_text(text.replace(f'"{__version__}"', f'"{version}"'), encoding="utf-8")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def test_builds_hand_over(detached: Home, tmp_path: Path) -> None:
    """A newer build's courier takes over work and questions of an older one's; an older one's never does."""
    newer = copied(tmp_path / "newer", "999.0")
    with Webhook() as server, Script(ASK) as asker, bob() as person:
        settings_file(detached.root, webhook_table("ci", server.url))
        person.message("Deploy?")
        older = served_by(detached)
        server.down()
        with Script("import nbalert; nbalert.post('Kept', channel='ci')") as script:
            assert script.end() == 0
        with Script("import nbalert; nbalert.post('New', channel='ci'); input()", env=newer) as script:
            wait_until(lambda: version() == "999.0")
            server.up()
            server.until(lambda s: s.titles == ["Kept", "New"])
            now = served_by(detached)
            assert now != older
            script.tell()
            script.end()
        with Script("import nbalert; nbalert.post('Old', channel='ci').wait(30)") as script:
            assert script.end() == 0
        assert (served_by(detached), server.titles) == (now, ["Kept", "New", "Old"])
        assert person.answer("Deploy?", "approve").is_success
        assert asker.line() == "approved by bob"


def version() -> str:
    """Of the courier that serves."""
    return str(client().request({"do": "status"}, 30)["courier"]["version"])
