"""The courier as a process: one a home, found by all, ending as it should."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

import nbalert
from nbalert.courier.detached import scrubbed
from nbalert.courier.lock import Lock
from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.process import client, finish
from tests.kernels import ROOT
from tests.person import Person
from tests.processes import ASK, Script, couriers, settings_file, wait_until

POST = "import nbalert, sys; nbalert.post(sys.argv[-1] if len(sys.argv) > 1 else 'one').wait(30)"


def status() -> dict[str, Any]:
    """What `nbalert status` shows."""
    found: dict[str, Any] = client().request({"do": "status"})
    return found


def test_it_outlives_who_started_it(detached: Home) -> None:
    """A script's post starts a courier, which is there for the next process."""
    with Script(POST) as script:
        assert script.end() == 0
    (pid,) = couriers(detached)
    assert status()["courier"] == {**status()["courier"], "pid": pid, "mode": "detached"}


def test_twenty_at_once_start_one(detached: Home) -> None:
    """Twenty processes on an empty home: one courier, and each message once."""
    code = "import nbalert, os; nbalert.post(f'from {os.getpid()}').wait(60)"
    scripts = [Script(code) for _ in range(20)]
    try:
        assert [script.end(120) for script in scripts] == [0] * 20
    finally:
        for script in scripts:
            script.__exit__()
    assert len(couriers(detached)) == 1
    titles = [row["title"] for row in client().request({"do": "history", "limit": 100})]
    assert sorted(titles) == sorted(f"from {script.pid}" for script in scripts)


def test_it_gets_no_secret_from_its_starter(detached: Home) -> None:
    """Its environment has where things are, and nothing else of the kernel's."""
    with Script(POST, env={"AWS_SECRET_ACCESS_KEY": "hush", "SLACK_BOT_TOKEN": "hush"}) as script:
        assert script.end() == 0
    (pid,) = couriers(detached)
    assert b"hush" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_what_is_scrubbed() -> None:
    """Known harmless names pass; whatever else there is does not."""
    kept = scrubbed(
        {
            "HOME": "/h",
            "LC_ALL": "C",
            "LC_TOKEN": "hush",
            "XDG_RUNTIME_DIR": "/r",
            "XDG_TOKEN": "hush",
            "TOKEN": "hush",
            "HTTP_PROXY": "http://u:hush@h",
            "NBALERT_CHANNELS__CI__URL": "https://hush",
        }
    )
    assert kept == {"HOME": "/h", "LC_ALL": "C", "XDG_RUNTIME_DIR": "/r"}


def test_where_python_looks_is_absolute() -> None:
    """The courier starts in another folder than the kernel that found its libraries from its own."""
    kept = scrubbed({"PYTHONPATH": f"src{os.pathsep}/lib"})
    assert kept == {"PYTHONPATH": f"{Path.cwd()}/src{os.pathsep}/lib"}


def test_idle_it_ends(detached: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody on the line and nothing open: it ends by itself, and the next post starts another."""
    monkeypatch.setenv("NBALERT_IDLE_END", "0.5")
    with Script(POST) as script:
        assert script.end() == 0
    wait_until(lambda: not couriers(detached))
    with Script(POST) as script:
        assert script.end() == 0


def test_sigterm_keeps_the_work(detached: Home) -> None:
    """What waits when the courier is told to end is sent by the next one."""
    settings_file(detached.root, '[channels.ci]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n')
    nbalert.post("Waits", channel="ci")
    wait_until(lambda: status()["waiting"])
    (pid,) = couriers(detached)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: pid not in couriers(detached))
    assert status()["waiting"][0]["count"] == 1
    assert status()["courier"]["pid"] != pid


def test_a_killed_courier_is_replaced_while_an_ask_waits(detached: Home) -> None:
    """Within seconds another one holds the question; an answer given meanwhile counts; the asker goes on."""
    with Script(ASK) as script:
        wait_until(lambda: status()["questions"])
        with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as bob:
            bob.message("Deploy?")
            (pid,) = couriers(detached)
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: couriers(detached) not in ([], [pid]))
            wait_until(lambda: _answered(bob))
        assert script.line() == "approved by bob"


def _answered(bob: Person) -> bool:
    try:
        return bob.answer("Deploy?", "approve").is_success
    except httpx.TransportError:  # the inbox comes back with the courier
        return False


def test_a_stopped_courier_delays_nobody(detached: Home) -> None:
    """While the courier is frozen a post takes as long as before; all arrives when it goes on."""
    nbalert.post("before").wait(30)
    (pid,) = couriers(detached)
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        posted = [nbalert.post(f"frozen {n}") for n in range(200)]
        assert time.monotonic() - began < 5  # far above 200 files, far below one timeout of the line
    finally:
        os.kill(pid, signal.SIGCONT)
    for one in posted:
        one.wait(30)


def test_a_stopped_kernel_delays_nobody(detached: Home) -> None:
    """What the courier has for it waits, others are served, and it misses nothing when it goes on."""
    code = "import nbalert; one = nbalert.post('first'); one.wait(60); print('on', flush=True); input()\n"
    code += "[p.wait(60) for p in [nbalert.post(f'more {n}') for n in range(50)]]; print('all')"
    with Script(code) as script:
        assert script.line() == "on"
        script.tell()
        os.kill(script.pid, signal.SIGSTOP)
        for number in range(20):
            nbalert.post(f"other {number}").wait(60)
        os.kill(script.pid, signal.SIGCONT)
        assert script.line() == "all"
        assert script.end() == 0


def test_where_no_process_can_be_started_it_is_inline(detached: Home) -> None:
    """A Python that does not know its own program hosts the courier itself."""
    code = (
        "import sys; sys.executable = ''\n"
        "import nbalert; nbalert.post('x').wait(30)\n"
        "from nbalert.process import client; print(client().request({'do': 'status'})['courier']['mode'])"
    )
    with Script(code) as script:
        assert script.line() == "inline"
        assert script.end() == 0
    assert couriers(detached) == []


def test_the_command_serves_in_the_foreground(detached: Home) -> None:
    """`nbalert courier` serves until it is told to end; a second one says that there is one."""
    command = [sys.executable, "-m", "nbalert", "courier"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as first:
        assert first.stdout
        assert "serves" in first.stdout.readline()
        assert status()["courier"]["mode"] == "foreground"
        second = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=30)
        assert second.returncode == 1
        assert "serves this home already" in second.stdout
        first.send_signal(signal.SIGINT)
        assert first.wait(20) == 0


def test_stop_ends_it_once(detached: Home) -> None:
    """`nbalert stop` ends the courier, and says so where there is none; it never starts one."""
    with Script(POST) as script:
        assert script.end() == 0
    assert stop_courier(detached) == "the courier has ended"
    wait_until(lambda: not couriers(detached))
    assert stop_courier(detached) == "no courier runs"
    assert couriers(detached) == []


def test_the_log_holds_no_secret(detached: Home) -> None:
    """A webhook's URL and an inbox token appear in no file but where they are kept hashed."""
    settings_file(detached.root, '[channels.ci]\nkind = "webhook"\nurl = "http://127.0.0.1:9/hush-hush"\n')
    nbalert.post("x", channel="ci")
    wait_until(lambda: status()["waiting"] and status()["waiting"][0]["attempts"])
    finish()
    stop_courier(detached)
    for path in detached.root.rglob("*"):
        if path.is_file() and path != detached.settings:
            assert b"hush-hush" not in path.read_bytes(), path


def test_who_is_on_the_line_rests_after_a_stop(detached: Home) -> None:
    """Nobody starts the stopped courier again for nothing; the next alert does, and so does a request."""
    nbalert.post("one").wait(30)
    (first,) = couriers(detached)
    assert stop_courier(detached) == "the courier has ended"
    assert couriers(detached) == []
    time.sleep(3)  # longer than any pause between tries: that nothing happens is told by nothing
    assert couriers(detached) == []
    nbalert.post("two").wait(30)
    (second,) = couriers(detached)
    stop_courier(detached)
    assert status()["courier"]["pid"] not in (first, second)


def test_an_open_question_has_a_stopped_courier_replaced(detached: Home) -> None:
    """Its asker waits: a stop costs it nothing."""
    with Script(ASK) as script:
        wait_until(lambda: status()["questions"])
        finish()
        stop_courier(detached)
        with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as bob:
            bob.answer("Deploy?", "approve")
        assert script.line() == "approved by bob"


def test_a_home_that_is_removed(detached: Home) -> None:
    """Nobody can reach its courier any more, which ends; a new home of the same name has a new one."""
    nbalert.post("one").wait(30)
    (first,) = couriers(detached)
    shutil.rmtree(detached.root)
    nbalert.post("two").wait(30)
    wait_until(lambda: first not in couriers(detached))
    assert status()["courier"]["pid"] != first


def test_a_stop_while_one_begins(detached: Home) -> None:
    """It waits for the one that begins, and ends that."""
    code = "from nbalert.process import client; client().start(); input()"
    with Script(code) as script:
        wait_until(lambda: _is_starting(detached))
        assert stop_courier(detached) == "the courier has ended"
        script.tell()
        assert script.end() == 0


def test_a_stop_while_one_begins_whose_starter_was_killed(detached: Home) -> None:
    """Nobody waits for it any more, and it does not outlive the stop; the next alert has one."""
    for pause_s in (0.0, 0.15, 0.3):  # it comes at any point of its beginning
        with Script("from nbalert.process import client; client().start(); input()") as script:
            wait_until(lambda: couriers(detached))
            script.kill()
            time.sleep(pause_s)
        stop_courier(detached)
        wait_until(lambda: not couriers(detached))
    nbalert.post("one").wait(30)
    assert len(couriers(detached)) == 1


def _is_starting(home: Home) -> bool:
    if not home.root.is_dir():
        return False
    if starting := Lock.take(home.starting):
        starting.release()
    return starting is None
