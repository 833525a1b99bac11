"""Workers of a notebook: none speaks on its parent's line, none sends a second time, none hangs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.home import Home
from nbalert.process import client
from tests.chat_servers.webhook import Webhook
from tests.kernels import Kernel
from tests.person import Person
from tests.processes import Script, settings_file, wait_until, webhook_table

pytestmark = pytest.mark.long

WORK = """
import os

import nbalert

def say(n):
    assert nbalert.post(str(n), channel="ci").wait(60)
    return os.getpid()
"""
"""A module of the user's: spawned workers import what they run."""

_POOL = """
from multiprocessing import get_context
with get_context("{}").Pool(2) as pool:
    pids = pool.map(say, range(4))"""

POOLS = {
    "fork": _POOL.format("fork"),
    "spawn": _POOL.format("spawn"),
    "executor": """
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(2) as pool:
    pids = list(pool.map(say, range(4)))""",
    "joblib": """
from joblib import Parallel, delayed
pids = Parallel(2)(delayed(say)(n) for n in range(4))""",
    "os.fork": """
pids = []
for n in range(4):
    child = os.fork()
    if child == 0:
        say(n)
        os._exit(0)
    pids.append(child)
    assert os.waitpid(child, 0)[1] == 0""",
    "subprocess": """
import subprocess, sys
pids = [0]
for n in range(4):
    subprocess.run([sys.executable, "-c", f"import work; work.say({n})"], close_fds=False, check=True)""",
}


@pytest.fixture
def server(home: Home) -> Iterator[Webhook]:
    """The channel `ci`."""
    with Webhook() as served:
        settings_file(home.root, webhook_table("ci", served.url))
        yield served


def arrived(server: Webhook) -> list[str]:
    """Titles of all that was delivered, also of what came twice."""
    return sorted(request.title for request in server.accepted)


@pytest.mark.parametrize("pool", POOLS)
def test_workers_of_an_alerted_cell(pool: str, server: Webhook, tmp_path: Path) -> None:
    """However they are started: each posts for itself, its parent's cell is told once, and goes on."""
    (tmp_path / "work.py").write_text(WORK)
    with Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert\nimport os, sys; sys.path.insert(0, '.')\nfrom work import say")
        kernel.run("%alert -c ci begin")
        done = kernel.run(f"%%alert -t cell -c ci\n{POOLS[pool]}\nassert os.getpid() not in pids", 120)
        assert (done.status, done.stderr) == ("ok", "")
        assert kernel.run("%alert -c ci end").status == "ok"
        server.until(lambda s: len(s.accepted) == 7)
    assert arrived(server) == ["0", "1", "2", "3", "begin", "cell", "end"]


def test_forks_under_load(server: Webhook) -> None:
    """Thirty in a row while threads alert and the courier works: no child inherits a lock that is held."""
    code = """
import nbalert, os, threading
nbalert.post("begin", channel="ci").wait(60)
ended = threading.Event()
def load(name):
    number = 0
    while not ended.is_set():
        nbalert.post(f"{name} {number}", channel="ci").wait(60)
        number += 1
    numbers[name] = number
numbers = {}
threads = [threading.Thread(target=load, args=(name,)) for name in "ab"]
for thread in threads: thread.start()
for n in range(30):
    child = os.fork()
    if child == 0:
        nbalert.post(f"child {n}", channel="ci").wait(60)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
ended.set()
for thread in threads: thread.join()
print(numbers["a"], numbers["b"])
"""
    with Script(code) as script:
        a, b = (int(number) for number in script.line(240).split())
        assert script.end() == 0
        assert script.stderr == ""
    said = [f"a {n}" for n in range(a)] + [f"b {n}" for n in range(b)]
    assert arrived(server) == sorted(["begin", *said, *(f"child {n}" for n in range(30))])


def test_forks_right_after_the_first_alert(server: Webhook) -> None:
    """The parent's threads are importing just then: no child is left with half a module."""
    code = """
import nbalert, os, time
nbalert.post("parent", channel="ci")
children = []
for n in range(20):
    children.append(os.fork())
    if children[-1] == 0:
        nbalert.post(f"child {n}", channel="ci").wait(60)
        os._exit(0)
    time.sleep(0.03)
print({os.waitpid(child, 0)[1] for child in children})
"""
    with Script(code) as script:
        assert script.line(120) == "{0}", script.stderr
        assert script.end() == 0
    assert arrived(server) == sorted([*(f"child {n}" for n in range(20)), "parent"])


def test_a_worker_that_outlives_its_parent(server: Webhook) -> None:
    """Its parent is killed in the midst of its work: the worker goes on, over whatever courier is next."""
    code = """
import nbalert, os, sys, threading, time
nbalert.post("begin", channel="ci").wait(60)
def load():
    while True: nbalert.post("load", channel="ci")
for _ in range(2): threading.Thread(target=load, daemon=True).start()
time.sleep(0.1)
if os.fork() == 0:
    print("forked", flush=True)
    sys.stdin.readline()
    print(nbalert.post("worker", channel="ci").wait(60)[0].channel)
    sys.stdin.readline()
    os._exit(0)
time.sleep(60)
"""
    with Script(code) as script:
        assert script.line() == "forked"
        script.kill()
        script.tell()
        # It cannot host one itself: its copy of the parent's memory says that the store is locked.
        assert client().request({"do": "status"})
        assert script.line(120) == "ci"
        script.tell()


def test_workers_that_do_not_wait(server: Webhook) -> None:
    """What a worker has accepted leaves, though it ends at once, or its pool kills it."""
    code = """
import multiprocessing, nbalert
def say(n):
    nbalert.post(str(n), channel="ci")
fork = multiprocessing.get_context("fork")
nbalert.post("begin", channel="ci").wait(60)
workers = [fork.Process(target=say, args=(n,)) for n in range(3)]
for worker in workers: worker.start()
for worker in workers: worker.join()
print([worker.exitcode for worker in workers])
with fork.Pool(2) as pool: pool.map(say, range(3, 6))
input()
"""
    with Script(code) as script:
        assert script.line() == "[0, 0, 0]"
        server.until(lambda s: len(s.titles) == 7)
        script.tell()
        assert script.end() == 0
    assert arrived(server) == [*map(str, range(6)), "begin"]


def test_a_worker_that_leaves_its_cell(server: Webhook) -> None:
    """A child that comes to the end of the alerted cell it was forked in tells nothing: its parent does."""
    code = """
import os
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "nbalert")
shell.run_cell("%%alert -t cell -c ci\\nimport os\\npid = os.fork()")
pid = shell.user_ns["pid"]
if pid:
    print(os.waitpid(pid, 0)[1])
else:
    from nbalert.process import finish
    finish()
    os._exit(0)
"""
    with Script(code, env={"NBALERT_EXIT_WAIT": "60"}) as script:
        assert script.line() == "0"
        assert script.end() == 0
    assert arrived(server) == ["cell"]


def test_forks_beside_an_open_question() -> None:
    """A worker's end is not the asker's: the question stays open, and its answer is heard."""
    code = """
import nbalert, os, threading
from nbalert.process import client
def ask():
    print(nbalert.ask("Deploy?", timeout=120).sentence)
client().request({"do": "status"})
print("served")
asking = threading.Thread(target=ask)
asking.start()
input()
for n in range(5):
    child = os.fork()
    if child == 0:
        nbalert.post("child").wait(60)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
print("forked")
asking.join()
"""
    with Script(code) as script:
        assert script.line() == "served"
        wait_until(lambda: client().request({"do": "status"})["questions"])
        script.tell()
        assert script.line() == "forked"
        with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as bob:
            assert bob.answer("Deploy?", "approve").is_success
        assert script.line() == "approved by bob"
        assert script.end() == 0
