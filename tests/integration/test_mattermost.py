"""Mattermost from end to end: a kernel and scripts, a courier, and a server that speaks its protocol."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit

from nbalert.home import Home
from tests.chat_servers.mattermost import ANN, BOB, MALLORY, Mattermost
from tests.chat_servers.webhook import RESET, Answer, status
from tests.kernels import Kernel
from tests.processes import Script

BODY = """%%ask "Drop table users?"
ran = "dropped"
ran"""

TWO = """
import threading, nbalert

said = []

def ask(text):
    said.append(f"{text} {nbalert.ask(text, raises=False).sentence}")

threads = [threading.Thread(target=ask, args=(f"From thread {n}?",)) for n in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(said), flush=True)
"""

POSTS = """
import nbalert

posted = [nbalert.post(f"number {n}.") for n in range(5)]
print([one.wait(60)[0].channel for one in posted], flush=True)
"""


@pytest.fixture
def mattermost(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mattermost]:
    """A server, and a project whose default channel it is; ann asks, bob may answer."""
    with Mattermost() as server:
        monkeypatch.setenv("MATTERMOST_TOKEN", server.kept.token)
        channel = {
            **server.values,
            "token": "env:MATTERMOST_TOKEN",
            "channel": "team/ops",
            "approvers": [BOB],
        }
        project = {"default": "ops", "channels": {"ops": channel}}
        (tmp_path / "nbalert.toml").write_text(tomlkit.dumps(project), encoding="utf-8")
        home.settings.parent.mkdir(parents=True, exist_ok=True)
        home.settings.write_text(tomlkit.dumps({"me": {"mattermost": ANN}}), encoding="utf-8")
        yield server
        assert server.rest.faults == []


def test_a_cell_asks_and_is_answered_in_the_thread(mattermost: Mattermost, tmp_path: Path) -> None:
    """A stranger's yes does nothing, and they are told; bob's lets the body run, and ann is told."""
    with Kernel(sys.executable, tmp_path) as kernel:
        assert kernel.run("%load_ext nbalert").status == "ok"
        request = kernel.send(BODY)
        post = mattermost.question()
        assert 'ran = "dropped"' in post["props"]["attachments"][0]["text"]
        mattermost.say(MALLORY, "yes", post["id"])
        told = mattermost.until(lambda: mattermost.thread(post["id"])[1:])[0]
        assert "not an approver" in told["message"]
        assert mattermost.kept.pinged[told["id"]] == [MALLORY]
        mattermost.say(BOB, "approve: looks right", post["id"])
        run = kernel.collect(request)
        assert (run.status, run.result) == ("ok", "'dropped'")
        told = mattermost.until(lambda: mattermost.thread(post["id"])[3:])[0]
        assert mattermost.kept.pinged[told["id"]] == [ANN]
        assert "approved by Bob" in mattermost.posts[0]["message"]


def test_two_asks_are_answered_by_reactions(mattermost: Mattermost, tmp_path: Path) -> None:
    """One websocket; each has its own answer."""
    with Script(TWO, folder=tmp_path) as script:
        mattermost.until(lambda: len(mattermost.posts) == 2)
        first, second = sorted(mattermost.posts, key=lambda post: post["message"])
        mattermost.react(BOB, second["id"], "white_check_mark")
        mattermost.react(BOB, first["id"], "x")
        said = script.line()
    ends = [f"From thread 0? rejected by Bob ({BOB})", f"From thread 1? approved by Bob ({BOB})"]
    assert said == str(ends)
    assert mattermost.push.greeted == 1


def test_faults_end_with_delivery(mattermost: Mattermost, tmp_path: Path) -> None:
    """429, a reset and an answer that is none of Mattermost's: all arrive, once, in order."""
    garbage = Answer(body=b"<html>Please log in</html>")
    mattermost.http.plan(status(429, Retry_After="0"), garbage, RESET)
    with Script(POSTS, folder=tmp_path) as script:
        assert script.line() == str(["ops"] * 5)
    assert [post["message"] for post in mattermost.posts] == [f"**number {n}.**" for n in range(5)]
