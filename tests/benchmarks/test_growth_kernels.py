"""Growth in kind, at a kernel and towards the chat: modules, files, threads and requests are counted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nbalert.home import Home
from tests.chat_servers.slack import APP_TOKEN, TOKEN, Slack
from tests.chat_servers.webhook import Webhook
from tests.kernels import ROOT, Kernel
from tests.processes import Script, settings_file, wait_until

ALERTS, ASKS = 20, 3
MODULES = 40
"""That `%load_ext` may bring, ours and Python's; each costs about a tenth of a millisecond."""
QUIET_S, WINDOW_S = 1.0, 2.0
LOADED = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
known = set(sys.modules)
shell.run_line_magic("load_ext", "nbalert")
print(json.dumps(sorted(set(sys.modules) - known)))
"""
COUNTED = """
import collections, os, sys
touched = collections.Counter()
def note(event, given, home=os.environ["NBALERT_HOME"]):
    if event == "open" or event.startswith("os."):
        if any(home in str(one) for one in given):
            touched[event] += 1
sys.addaudithook(note)
"""
ASKED = """
import nbalert
nbalert.ask("Deploy?", channel="inbox", timeout=0.5, raises=False)
"""
ASKING = f"""
import sys, threading, nbalert
def ask(n):
    nbalert.ask(f"Ask {{n}}", channel="team", timeout=300, raises=False)
for n in range({ASKS}):
    threading.Thread(target=ask, args=(n,)).start()
"""


def test_modules_at_load() -> None:
    """`%load_ext nbalert` brings no other package than IPython's, and few of its own and of Python's."""
    said = subprocess.check_output([sys.executable, "-c", LOADED], cwd=ROOT, text=True)
    brought = json.loads(said.splitlines()[-1])
    packages = {name.partition(".")[0] for name in brought}
    assert {name for name in packages if name not in sys.stdlib_module_names} == {"IPython", "nbalert"}
    assert len(brought) <= MODULES


@pytest.fixture
def kernel(detached: Home, chat: Webhook, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel that has sent its first alert."""
    with Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert")
        kernel.run("%%alert\n1")
        chat.until(lambda server: len(server.accepted) == 1)
        yield kernel


def files(home: Home) -> set[str]:
    """All that is in a home, but for those that SQLite makes and removes beside its own."""
    found = {str(path.relative_to(home.root)) for path in home.root.rglob("*") if path.is_file()}
    return {name for name in found if not name.endswith(("-wal", "-shm", "-journal"))}


def test_files_of_an_alert(kernel: Kernel, detached: Home, chat: Webhook) -> None:
    """An alert is one file that is written and renamed, and it is gone once the courier has it."""
    before = files(detached)
    kernel.run(COUNTED)
    for _ in range(ALERTS):
        assert kernel.run("%%alert\n1").status == "ok"
    chat.until(lambda server: len(server.accepted) == 1 + ALERTS)
    touched = kernel.run("import json; print(json.dumps(touched))").stdout
    assert json.loads(touched) == {"open": ALERTS, "os.rename": ALERTS}
    wait_until(lambda: files(detached) == before)
    assert list(detached.spool.iterdir()) == []


def test_threads_of_a_kernel(kernel: Kernel) -> None:
    """The line, and one that follows cells: no more, whatever was alerted and asked."""
    process = psutil.Process(kernel.pid)
    kernel.run("%%alert\n1")
    kernel.run(ASKED)
    once = process.num_threads()
    for _ in range(ALERTS):
        kernel.run("%%alert\n1")
    kernel.run(ASKED)
    assert process.num_threads() == once
    names = "import threading; print([t.name for t in threading.enumerate() if 'nbalert' in t.name])"
    assert kernel.run(names).stdout == "['nbalert-line', 'nbalert-vigil']\n"


def test_requests_while_asks_wait(detached: Home) -> None:
    """Where answers are pushed nothing is requested; the same count sees where they are polled for."""
    with Slack() as slack:
        assert waited(slack, detached, app_token=True) == 0
        assert waited(slack, detached, app_token=False) > 0


def waited(slack: Slack, home: Home, *, app_token: bool) -> int:
    """Requests in a while, once the questions are there and, where nothing is polled, all is quiet."""
    values = {"kind": "slack", "channel": "C1", "base_url": slack.base_url, "poll": 0.2}
    values |= {"token": "env:BOT_TOKEN", **({"app_token": "env:APP_TOKEN"} if app_token else {})}
    table = "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    settings_file(home.root, f'me.slack = "UANN"\n[channels.team]\n{table}\napprovers = ["UBOB"]\n')
    there = len(slack.made("chat.postMessage"))
    env = {"BOT_TOKEN": TOKEN, "APP_TOKEN": APP_TOKEN}
    with Script(ASKING, env=env):
        slack.until(lambda: len(slack.made("chat.postMessage")) == there + ASKS)
        if app_token:
            slack.push.wait_for_links(1)
            wait_until(lambda: is_quiet(slack), 60)
        before = len(slack.calls)
        if app_token:
            time.sleep(WINDOW_S)
        else:
            wait_until(lambda: len(slack.calls) > before, 60)
        return len(slack.calls) - before


def is_quiet(slack: Slack) -> bool:
    """Whether nothing is requested for a while."""
    before = len(slack.calls)
    time.sleep(QUIET_S)
    return len(slack.calls) == before
