"""ntfy from end to end: kernels and scripts, a courier, and a server that speaks as ntfy does."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit

from nbalert.home import Home
from tests.chat_servers.ntfy import Ntfy
from tests.kernels import Kernel
from tests.processes import Script, couriers, has_posted, wait_until

BODY = """%%ask "Drop table users?"
ran = "dropped"
ran"""
ASK = 'import nbalert; print(nbalert.ask("Deploy?", raises=False).sentence, flush=True)'


@pytest.fixture
def ntfy(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ntfy]:
    """A server, and a project whose default channel it is; ann asks, bob and carol may answer."""
    with Ntfy() as server:
        monkeypatch.setenv("NTFY_TOKEN", server.token)
        monkeypatch.setenv("NTFY_BOB", "bob-secret")
        channel = {**server.values, "token": "env:NTFY_TOKEN"}
        channel["topics"] = {**channel["topics"], "bob": "env:NTFY_BOB"}
        project = {"default": "phones", "channels": {"phones": channel}}
        (tmp_path / "nbalert.toml").write_text(tomlkit.dumps(project), encoding="utf-8")
        home.settings.parent.mkdir(parents=True, exist_ok=True)
        home.settings.write_text(tomlkit.dumps({"me": {"ntfy": "ann"}}), encoding="utf-8")
        yield server
        assert server.faults == []


def test_a_cell_asks_and_is_answered_by_a_button(ntfy: Ntfy, tmp_path: Path) -> None:
    """Bob presses Approve on his phone, the body runs, and carol and ann see that it is decided."""
    with Kernel(sys.executable, tmp_path) as kernel:
        assert kernel.run("%load_ext nbalert").status == "ok"
        request = kernel.send(BODY)
        (question,) = ntfy.until(lambda: ntfy.on("bob-secret"))
        assert 'ran = "dropped"' in question["message"]
        ntfy.press(question, "Approve")
        run = kernel.collect(request)
        assert (run.status, run.result) == ("ok", "'dropped'")
        for topic in ("bob-secret", "carol-secret", "ann-secret"):
            (told,) = ntfy.until(
                lambda topic=topic: [m for m in ntfy.on(topic) if "approved" in m["message"]]
            )
            assert "approved by bob" in told["message"]
            assert "actions" not in told


def test_a_rejection_and_who_is_late(ntfy: Ntfy, tmp_path: Path) -> None:
    """Bob says no in words; carol, who presses her button after that, is told on her own topic."""
    with Script(ASK, folder=tmp_path) as script:
        (bobs,) = ntfy.until(lambda: ntfy.on("bob-secret"))
        (carols,) = ntfy.until(lambda: ntfy.on("carol-secret"))
        ntfy.send(bobs["actions"][0]["url"].rpartition("/")[2], "no: not on a Friday")
        assert script.line() == "rejected by bob: not on a Friday"
        ntfy.press(carols, "Approve")
        told = ntfy.until(lambda: [m for m in ntfy.on("carol-secret") if "not count" in m["title"]])[0]
        assert told["message"].startswith("this question has ended: rejected by bob")


def test_a_courier_that_is_killed_loses_no_answer(ntfy: Ntfy, tmp_path: Path, detached: Home) -> None:
    """Bob answers while there is no courier: the next one reads what the server has kept."""
    with Script(ASK, folder=tmp_path) as script:
        (question,) = ntfy.until(lambda: ntfy.on("bob-secret"))
        ntfy.until(lambda: ntfy.subscribed)
        wait_until(lambda: has_posted(detached))  # else it is posted anew: there are no keys
        for pid in couriers(detached):
            os.kill(pid, signal.SIGKILL)
        ntfy.press(question, "Approve")
        assert script.line() == "approved by bob"
