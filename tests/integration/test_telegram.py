"""Telegram from end to end: kernels and scripts, a courier, and a server that speaks the Bot API."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit

from nbalert.home import Home
from tests.chat_servers.telegram import ANN, BOB, CAROL, MALLORY, Telegram
from tests.chat_servers.webhook import RESET, Answer, status
from tests.kernels import Kernel
from tests.processes import Script, couriers, has_posted, wait_until

BODY = """%%ask "Drop table users?"
ran = "dropped"
ran"""

POSTS = """
import nbalert

posted = [nbalert.post(f"number {n}.") for n in range(4)]
print([one.wait(60)[0].channel for one in posted], flush=True)
"""

ASK = 'import nbalert; print(nbalert.ask("Deploy?", raises=False).sentence, flush=True)'


@pytest.fixture
def telegram(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Telegram]:
    """A server, and a project whose default channel it is; ann asks, bob may answer."""
    with Telegram() as server:
        monkeypatch.setenv("TELEGRAM_TOKEN", server.world.token)
        channel = {**server.values, "token": "env:TELEGRAM_TOKEN", "approvers": [str(BOB)]}
        project = {"default": "ops", "channels": {"ops": channel}}
        (tmp_path / "nbalert.toml").write_text(tomlkit.dumps(project), encoding="utf-8")
        home.settings.parent.mkdir(parents=True, exist_ok=True)
        home.settings.write_text(tomlkit.dumps({"me": {"telegram": str(ANN)}}), encoding="utf-8")
        yield server
        assert server.api.faults == []


def test_a_cell_asks_and_is_answered_by_a_click(telegram: Telegram, tmp_path: Path) -> None:
    """A stranger's click does nothing, and only they are told; bob's lets the body run, and ann is told."""
    with Kernel(sys.executable, tmp_path) as kernel:
        assert kernel.run("%load_ext nbalert").status == "ok"
        request = kernel.send(BODY)
        question = telegram.question()
        assert 'ran = "dropped"' in question["text"]
        assert "not an approver" in telegram.toast(telegram.click(MALLORY, question))
        click = telegram.click(BOB, question)
        run = kernel.collect(request)
        assert (run.status, run.result) == ("ok", "'dropped'")
        assert telegram.toast(click) == "Received."
        telegram.until(lambda: len(telegram.messages) == 2)
        edited, told = telegram.messages
        assert "reply_markup" not in edited
        assert f"approved by Bob ({BOB})" in edited["text"]
        assert telegram.world.pinged[told["message_id"]] == [str(ANN)]


def test_a_rejection_by_reply(telegram: Telegram, tmp_path: Path) -> None:
    """With its reason; who answers after it is told so."""
    with Script(ASK, folder=tmp_path) as script:
        question = telegram.question()
        telegram.say(BOB, "no: not on a Friday", question)
        assert script.line() == f"rejected by Bob ({BOB}): not on a Friday"
        late = telegram.say(CAROL, "approve", question)
        told = telegram.until(lambda: [m for m in telegram.messages if _is_to(m, late)])[0]
        assert told["text"].startswith("Carol this question has ended: rejected by Bob")


def test_a_courier_that_is_killed_loses_no_answer(telegram: Telegram, tmp_path: Path, detached: Home) -> None:
    """Bob answers while there is no courier: the next one reads it, for Telegram has kept it."""
    with Script(ASK, folder=tmp_path) as script:
        question = telegram.question()
        telegram.until(lambda: telegram.api.polls[-1:] and telegram.api.polls[-1]["timeout"])
        wait_until(lambda: has_posted(detached))  # else it is posted anew: there are no keys
        for pid in couriers(detached):
            os.kill(pid, signal.SIGKILL)
        telegram.say(BOB, "approve", question)
        assert script.line() == f"approved by Bob ({BOB})"


def test_faults_end_with_delivery(telegram: Telegram, tmp_path: Path) -> None:
    """429, 500 twice, a reset and an answer that is none of Telegram's: all arrive, in order."""
    wait = status(429, Retry_After="0")
    garbage = Answer(body=b"<html>Please log in</html>")
    telegram.http.plan(wait, status(500), status(500), None, RESET, None, garbage)
    with Script(POSTS, folder=tmp_path) as script:
        assert script.line() == str(["ops"] * 4)
    assert [m["text"].split("\n")[0] for m in telegram.messages] == [f"🔵 number {n}." for n in range(4)]


def _is_to(message: dict[str, object], other: dict[str, object]) -> bool:
    replied = message.get("reply_to_message")
    return isinstance(replied, dict) and replied["message_id"] == other["message_id"]
