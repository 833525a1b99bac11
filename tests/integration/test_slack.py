"""Slack from end to end: real kernels and processes, real couriers, and the Slack of the tests."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import nbalert
from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.process import client
from tests.chat_servers import slack_rules
from tests.chat_servers.slack import APP_TOKEN, TOKEN, Slack
from tests.chat_servers.slack_workspace import Said
from tests.chat_servers.webhook import HANG, LOST, RESET, Answer, status
from tests.kernels import Kernel
from tests.processes import Script, settings_file, wait_until

pytestmark = pytest.mark.long

ASK = """
import nbalert, sys
print(nbalert.ask(sys.argv[1], channel="team", timeout=120, raises=False).sentence, flush=True)
"""


@pytest.fixture
def slack(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    """A workspace, and a channel `team` in the user's own settings."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("SLACK_APP_TOKEN", APP_TOKEN)
    with Slack() as server:
        settings_file(home.root, table(server))
        yield server


def table(slack: Slack) -> str:
    """The settings of a newcomer, with short pauses."""
    tokens = {"token": "env:SLACK_BOT_TOKEN", "app_token": "env:SLACK_APP_TOKEN"}
    pauses = {"poll": 0.3, "recheck": 1.0, "timeout_s": 2.0}
    values = {"kind": "slack", "channel": "C1", "base_url": slack.base_url, **tokens, **pauses}
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    return f'default = "team"\nme.slack = "UANN"\n[channels.team]\n{lines}\napprovers = ["UBOB", "UCAROL"]\n'


def test_a_cell_that_asks(slack: Slack, tmp_path: Path) -> None:
    """`%%ask` shows its body; a click lets it run, the chat says who it was, and the asker is mentioned."""
    with Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert")
        request = kernel.send("%%ask 'Drop table users?' -c team\nprint('dropped')")
        said = slack.question("Drop table users?")
        assert "print('dropped')" in slack_rules.shown(said["blocks"])
        slack.push.wait_for_links(1)
        assert slack.click("UMALLORY", said, "Approve")
        slack.until(lambda: [e for e in slack.ephemerals if e["user"] == "UMALLORY"])
        assert slack.click("UBOB", said, "Approve")
        run = kernel.collect(request)
        assert run.stdout.endswith("dropped\n")
        slack.until(lambda: "approved by Bob (UBOB)" in slack_rules.shown(said["blocks"]))
        assert slack_rules.buttons(said["blocks"]) == {}
        told = slack.until(lambda: slack.thread(said["ts"]))
        assert told[0]["notified"] == ["@UANN"]
        alert = kernel.run("%%alert -c team -t Trained\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);")
        assert alert.status == "ok"
        trained = slack.until(lambda: [s for s in slack.top() if "Trained" in slack_rules.shown(s["blocks"])])
        files = slack.until(lambda: slack.thread(trained[0]["ts"]))[0]["files"]
        assert slack.files[files[0]["id"]]["data"].startswith(b"\x89PNG")


def test_two_couriers_on_one_token(slack: Slack, home: Home, tmp_path: Path) -> None:
    """A click goes to any one of them: who is not heard is told to reply; each answer finds its question."""
    roots = [tmp_path / name for name in ("one", "two")]
    homes = [Home(root, root / "nbalert.toml") for root in roots]
    people = {"Alpha?": ("UBOB", "Approve", "ok"), "Beta?": ("UCAROL", "Reject", "no")}
    try:
        with ExitStack() as stack:
            scripts = {}
            for one, title in zip(homes, people, strict=True):
                settings_file(one.root, table(slack))
                code = ASK.replace("sys.argv[1]", repr(title))
                scripts[title] = stack.enter_context(Script(code, env={"NBALERT_HOME": str(one.root)}))
                slack.question(title)
            slack.push.wait_for_links(2)
            first, second = slack.push.links
            # The worst of luck: each click reaches the courier of the other question.
            for title, link in (("Alpha?", second), ("Beta?", first)):
                _answer(slack, slack.question(title), people[title], link)
            assert scripts["Alpha?"].line() == "approved by Bob (UBOB)"
            assert scripts["Beta?"].line() == "rejected by Carol (UCAROL)"
    finally:
        for one in homes:
            stop_courier(one)


def _answer(slack: Slack, said: Said, person: tuple[str, str, str], link: Any) -> None:
    """Click where there is a button; reply where one is asked to, which again the wrong courier hears of."""
    who, label, word = person
    before = len(slack.ephemerals)
    if label in slack_rules.buttons(said["blocks"]):
        slack.click(who, said, label, to=link)
        slack.until(lambda: [told for told in slack.ephemerals[before:] if told["user"] == who])
    else:
        assert "reply in this thread" in slack_rules.shown(said["blocks"])
    slack.say(who, word, said["ts"], to=link)


def _down(slack: Slack) -> None:
    """Down for a while."""
    slack.http.down()
    threading.Timer(3, slack.http.up).start()


FAULTS: dict[str, Callable[[Slack], None]] = {
    "429": lambda slack: slack.limit("chat.postMessage", 1),
    "500 twice": lambda slack: slack.plan("chat.postMessage", status(500), status(500)),
    "reset twice": lambda slack: slack.plan("chat.postMessage", RESET, RESET),
    "lost": lambda slack: slack.plan("chat.postMessage", LOST),
    "hang": lambda slack: slack.plan("chat.postMessage", HANG),
    "malformed": lambda slack: slack.plan("chat.postMessage", Answer(body=b"<html>Bad gateway</html>")),
    "down": _down,
}
"""Those on which other alerters lose a message."""


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(slack: Slack, fault: str) -> None:
    """The alert arrives, once; an ask that waits meanwhile stays open, and is answered afterwards."""
    with Script(ASK.replace("sys.argv[1]", "'Deploy?'")) as script:
        said = slack.question("Deploy?")
        slack.push.wait_for_links(1)
        for method in ("conversations.replies", "reactions.get"):
            slack.plan(method, status(500), Answer(body=b"nonsense"), status(429, Retry_After="1"))
        slack.push.cut(slack.push.links[0])
        FAULTS[fault](slack)
        nbalert.post("The message", channel="team").wait(60)
        slack.push.wait_for_links(1)
        assert slack.click("UBOB", said, "Approve")
        assert script.line() == "approved by Bob (UBOB)"
    alerts = [one for one in slack.top() if "The message" in slack_rules.shown(one["blocks"])]
    assert len(alerts) == 1
    wait_until(lambda: not client().request({"do": "status"})["waiting"])


def test_without_an_app_token(slack: Slack, home: Home) -> None:
    """Status says why answers are slow; a reply is read, and a reaction is too."""
    text = table(slack).replace('app_token = "env:SLACK_APP_TOKEN"\n', "")
    settings_file(home.root, text)
    with Script(ASK.replace("sys.argv[1]", "'Deploy?'")) as script:
        said = slack.question("Deploy?")
        wait_until(lambda: client().request({"do": "status"}).get("notes"))
        (note,) = client().request({"do": "status"})["notes"]
        assert note["channel"] == "team"
        assert "without app_token" in note["note"]
        slack.react("UCAROL", said["ts"], "x")
        assert script.line() == "rejected by Carol (UCAROL)"
    assert TOKEN not in str(note)
    assert os.environ["SLACK_BOT_TOKEN"] == TOKEN
