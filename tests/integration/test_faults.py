"""What must not happen, made to happen: on real processes, real sockets and a real inbox."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

import nbalert
from nbalert.home import Home
from nbalert.process import client, finish
from nbalert.question import Outcome
from tests.chat_servers.webhook import HANG, Webhook
from tests.kernels import Kernel
from tests.person import Person
from tests.processes import Script, settings_file, wait_until, webhook_table

pytestmark = pytest.mark.long

HOST = """
import os, sys
os.environ["NBALERT_COURIER"] = "inline"  # the courier dies with this process
import nbalert
from nbalert.process import client
client().request({"do": "status"})
print("hosting")
sys.stdin.readline()
"""
ASK = """
import nbalert
try:
    print(nbalert.ask("Deploy?", timeout=60).sentence)
except nbalert.NotApproved as error:
    print(error)
"""


@pytest.fixture(autouse=True)
def nobody_stays(home: Home) -> Iterator[None]:
    """No test leaves a process behind."""
    yield
    assert [p.cmdline() for p in psutil.Process().children(recursive=True)] == []


def person(name: str = "bob") -> Person:
    """Somebody at the built-in inbox of this home."""
    return Person(str(client().request({"do": "link", "base": "", "person": name})))


def test_a_killed_kernel(home: Home, tmp_path: Path) -> None:
    """A kernel is killed right after its cell ended: the alert arrives, once, with the next process."""
    with Webhook() as server:
        settings_file(home.root, 'default = "ci"\n' + webhook_table("ci", server.url))
        server.down()
        with Kernel(sys.executable, tmp_path) as kernel:
            kernel.run("%load_ext nbalert")
            run = kernel.run("%%alert -t Trained\n1 + 1")
            assert run.result == "2"
            kernel.kill()
        server.up()
        with Script(HOST):
            server.until(lambda s: "Trained" in s.titles)
        assert [request.title for request in server.accepted] == ["Trained"]


def test_a_killed_script(home: Home) -> None:
    """A script is killed the moment `post` has returned: its message arrives, once, with the next process."""
    with Webhook() as server:
        settings_file(home.root, webhook_table("ci", server.url))
        code = (
            "import nbalert, os, signal\n"
            "nbalert.post('Last words', channel='ci'); os.kill(os.getpid(), signal.SIGKILL)"
        )
        with Script(code) as script:
            assert script.end() == -9
        client().request({"do": "status"})
        server.until(lambda s: s.titles == ["Last words"])
        assert len({request.key for request in server.requests}) == 1


def test_a_server_that_is_down(home: Home) -> None:
    """The channel's server refuses and comes up again: nothing is lost, nothing doubled, order is kept."""
    with Webhook() as server:
        settings_file(home.root, webhook_table("ci", server.url))
        nbalert.post("0", channel="ci").wait()
        server.down()
        posted = [nbalert.post(str(n), channel="ci") for n in range(1, 51)]
        wait_until(lambda: "cannot connect" in client().request({"do": "status"})["waiting"][0]["reason"])
        server.up()
        posted[-1].wait(30)
        assert [request.title for request in server.accepted] == [str(n) for n in range(51)]


def test_two_projects(home: Home, tmp_path: Path) -> None:
    """A channel of the same name is another one in each project, and so is a secret of the same name."""
    code = """
import nbalert, sys
nbalert.post(sys.stdin.readline().strip(), channel="team").wait()
print("sent")
sys.stdin.readline()
"""
    with Webhook() as one, Webhook() as two:
        projects = tmp_path / "one", tmp_path / "two"
        for folder in projects:
            settings_file(folder, webhook_table("team", "env:TEAM_URL"))
        urls: list[dict[str, str]] = [{"TEAM_URL": one.url}, {"TEAM_URL": two.url}]
        with Script(HOST) as host:
            assert host.line() == "hosting"
            with (
                Script(code, folder=projects[0], env=urls[0]) as first,
                Script(code, folder=projects[1], env=urls[1]) as second,
            ):
                first.tell("for one")
                second.tell("for two")
                assert (first.line(), second.line()) == ("sent", "sent")
        assert (one.titles, two.titles) == (["for one"], ["for two"])


def test_the_host_is_killed_while_somebody_asks(home: Home) -> None:
    """Who asks takes over from a killed courier; the question is still open, and an answer approves."""
    with Script(HOST) as host:
        assert host.line() == "hosting"
        with person() as bob, Script(ASK) as asker:
            finish()  # this test's process is not to be the next host
            bob.message("Deploy?")
            host.kill()

            def has_answered() -> bool:
                try:
                    return bob.answer("Deploy?", "yes: go").is_success
                except httpx.TransportError:
                    return False  # nobody has taken over yet

            wait_until(has_answered)
            assert asker.line() == "approved by bob: go"


def test_the_host_is_killed_and_its_worker_lives(home: Home) -> None:
    """A forked worker that outlives a killed host keeps neither its line nor its place."""
    code = HOST.replace(
        'print("hosting")', 'import os, time\nif not os.fork(): time.sleep(60)\nprint("hosting")'
    )
    with Script(code) as host:
        assert host.line() == "hosting"
        nbalert.post("Through the first").wait()
        host.kill()
        nbalert.post("Through the second").wait()


def test_a_black_hole(home: Home) -> None:
    """With a channel that accepts and never answers, `post` returns as fast as with one that does."""
    with Webhook() as live, Webhook() as hole:
        hole.always(HANG)
        settings_file(home.root, webhook_table("live", live.url) + webhook_table("hole", hole.url))

        def took_s(channel: str) -> float:
            began = time.perf_counter()
            nbalert.post("x", channel=channel)
            return time.perf_counter() - began

        nbalert.post("x", channel="live").wait()
        nbalert.post("x", channel="hole")
        hole.until(lambda s: bool(s.requests))
        took = [(took_s("live"), took_s("hole")) for _ in range(50)]
        live_s, hole_s = (statistics.median(column) for column in zip(*took, strict=True))
        assert hole_s < 5 * live_s


def test_twenty_processes_at_once(home: Home) -> None:
    """Processes that start at once on an empty home share one courier; each message arrives once."""
    code = (
        "import nbalert, sys\n"
        "sys.stdin.readline()\n"
        "nbalert.post(sys.argv[0] + 'x', title=str(__import__('os').getpid()), channel='ci').wait(60)\n"
        "from nbalert.process import client\n"
        "print(client().request({'do': 'status'}, 60)['courier']['pid'])\n"
        "sys.stdin.readline()\n"
    )
    with Webhook() as server:
        settings_file(home.root, webhook_table("ci", server.url))
        scripts = [Script(code) for _ in range(20)]
        try:
            for script in scripts:
                script.tell()
            couriers = {script.line(120) for script in scripts}
        finally:
            for script in scripts:
                script.__exit__()
        assert len(couriers) == 1
        assert sorted(r.title for r in server.accepted) == sorted(str(script.pid) for script in scripts)


def test_an_approval_that_cannot_be_used(home: Home) -> None:
    """The courier is gone when the approval is to be used, and none can be hosted: it does not approve."""
    code = """
import nbalert
from nbalert.asking import hold, put
from nbalert.eligibility import Terms
from nbalert.process import client
asked = put("Deploy?", Terms())
print(asked.pending.decided.result().sentence)
input()
print(hold(asked, raises=False).sentence)
"""
    with Script(HOST) as host:
        assert host.line() == "hosting"
        with Script(code) as asker:
            with person() as bob:
                bob.answer("Deploy?", "yes")
            finish()
            assert asker.line() == "approved by bob"
            home.lock.unlink()
            home.lock.mkdir()  # no courier can take this lock
            host.kill()
            asker.tell()
            assert asker.line().startswith("error: approved, but the approval could not be used: no answer")


def test_a_home_that_cannot_be_written(home: Home) -> None:
    """Nothing is accepted, and the error names the place."""
    home.root.mkdir()
    home.spool.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="spool"):
        nbalert.post("x")
    with pytest.raises(nbalert.CannotAsk, match=f"the question cannot be written to {home.spool}"):
        nbalert.ask("x?")


def test_a_full_disk(home: Home) -> None:
    """A write that does not fit raises an error with the place, leaves nothing half, and refuses an ask."""
    code = """
import nbalert, resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for call in (nbalert.post, nbalert.ask):
    try:
        call("x" * 1000)
    except Exception as error:
        print(type(error).__name__, error)
"""
    with Script(code) as script:
        posting, asking = script.line(), script.line()
        script.end()
    assert posting.startswith("OSError")
    assert str(home.spool) in posting
    assert asking.startswith(f"CannotAsk the question cannot be written to {home.spool}")
    assert not [path for path in home.spool.iterdir() if path.is_file()]


def test_an_ask_that_expires_without_a_courier(home: Home) -> None:
    """A question whose time is up while no courier runs has expired when the next one looks."""
    code = ASK.replace("timeout=60", "timeout=1")
    with Script(code) as script:
        wait_until(lambda: bool(list(home.spool.glob("*.json"))) or home.store.exists())
        assert script.line() == f"{Outcome.EXPIRED}: nobody decided in time"
