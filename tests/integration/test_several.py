"""Several channels at once, of three kinds: a Slack, a signed webhook and a team's inbox; a real courier."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import nbalert
from nbalert.home import Home
from tests.chat_servers import slack_rules
from tests.chat_servers.signed_hook import SignedHook
from tests.chat_servers.slack import APP_TOKEN, TOKEN, Slack
from tests.chat_servers.slack_workspace import Said
from tests.chat_servers.webhook import status
from tests.inboxes import Inbox, reply
from tests.kernels import Kernel
from tests.processes import Script, settings_file, wait_until

pytestmark = pytest.mark.long

ASK = """
import nbalert
decision = nbalert.ask("Deploy?", channel=["chat", "hook", "page"], timeout=120, raises=False)
print(decision.sentence, flush=True)
"""


@dataclass
class Places:
    """Three chats, which are the channels `chat`, `hook` and `page`."""

    slack: Slack
    hook: SignedHook
    inbox: Inbox

    def question(self) -> str:
        """The id of the one that is asked on the webhook."""
        wait_until(lambda: self.hooked("nbalert.question"))
        return str(self.hooked("nbalert.question")[0]["question"]["id"])

    def hooked(self, kind: str) -> list[dict[str, Any]]:
        """What the webhook was told of a kind."""
        return [body["data"] for body in self.hook.said if body["type"] == kind]

    def page(self) -> list[dict[str, Any]]:
        """The messages of the inbox."""
        listed = self.inbox.person("bob").get("/api/messages").raise_for_status().json()["messages"]
        return [dict(view) for view in listed]

    def shown(self, asked: Said) -> tuple[str, str, str]:
        """How the question ended, as each of them says it; `asked` is Slack's message."""
        said = slack_rules.shown(asked["blocks"])
        decided = self.hooked("nbalert.decision")
        hooked = decided[0]["decision"]["outcome"] if decided else ""
        paged = (self.page()[0]["message"]["decision"] or {}).get("outcome", "")
        return ("approved" if "approved" in said else "rejected" if "rejected" in said else "", hooked, paged)


@pytest.fixture
def places(detached: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Places]:
    """Each with its table in the user's own settings."""
    with Slack() as slack, SignedHook() as hook, Inbox(tmp_path / "team") as inbox:
        secrets = {"SLACK": TOKEN, "APP": APP_TOKEN, "HOOK": hook.secret}
        secrets["PAGE"] = inbox.server.sender_token("courier")
        for name, value in secrets.items():
            monkeypatch.setenv(name, value)
        pace = {"poll": 0.3, "recheck": 1.0, "channel": "C1", "base_url": slack.base_url}
        tables = {
            "chat": {"kind": "slack", "token": "env:SLACK", "app_token": "env:APP", **pace},
            "hook": {**hook.values, "kind": "webhook", "secret": "env:HOOK"},
            "page": {"kind": "inbox", "url": inbox.url, "token": "env:PAGE"},
            "quiet": {"kind": "webhook", "url": hook.http.url},
        }
        people = {"chat": ["UBOB"], "hook": ["bob"], "page": ["bob"], "quiet": []}
        me = 'me = { slack = "UANN", webhook = "ann", inbox = "ann" }\n'
        texts = [_table(name, {**values, "approvers": people[name]}) for name, values in tables.items()]
        settings_file(detached.root, me + "".join(texts))
        yield Places(slack, hook, inbox)


def _table(name: str, values: dict[str, Any]) -> str:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    return f"[channels.{name}]\n{lines}"


@pytest.mark.parametrize("where", ["chat", "hook", "page"])
def test_the_first_answer_settles_it_everywhere(places: Places, where: str) -> None:
    """Wherever it is given: the two others say how it ended and take no more answers."""
    with Script(ASK) as script:
        question, said = places.question(), places.slack.question("Deploy?")
        wait_until(lambda: places.page())
        if where == "chat":
            places.slack.push.wait_for_links(1)
            assert places.slack.click("UBOB", said, "Approve")
        elif where == "hook":
            places.hook.say(question, "bob", "no: not on a Friday")
        else:
            assert reply(places.inbox.person("bob"), places.page()[0]["id"]).is_success
        outcome = "rejected" if where == "hook" else "approved"
        assert script.line().startswith(outcome)
        wait_until(lambda: places.shown(said) == (outcome, outcome, outcome))
        assert slack_rules.buttons(said["blocks"]) == {}
        places.hook.say(question, "bob", "approve")
        wait_until(lambda: places.hook.notices)
        assert "this question has ended" in places.hook.notices[-1]["text"]


def test_each_delivery_stands_on_its_own(places: Places) -> None:
    """One that refuses and one that is down keep the third from nothing; all get what they can."""
    places.hook.http.always(status(422))
    places.slack.http.down()
    posted = nbalert.post("Trained", channel=["chat", "hook", "page"])
    wait_until(lambda: [view for view in places.page() if view["message"]["title"] == "Trained"])
    places.slack.http.up()
    wait_until(lambda: [s for s in places.slack.top() if "Trained" in slack_rules.shown(s["blocks"])], 60)
    with pytest.raises(nbalert.ChannelRefused, match=r"hook: .+ answered 422"):
        posted.wait(60)


def test_one_that_refuses_the_question_leaves_it_to_the_others(places: Places) -> None:
    """It is asked where it can be."""
    places.hook.http.always(status(422))
    with Script(ASK) as script:
        said = places.slack.question("Deploy?")
        places.slack.react("UBOB", said["ts"], "white_check_mark")
        assert script.line().startswith("approved")


def test_cells_name_several(places: Places, tmp_path: Path) -> None:
    """`-c` more than once, for an alert and for a question."""
    with Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert")
        kernel.run("%alert Begins -c hook -c page")
        wait_until(lambda: places.hooked("nbalert.message") and places.page())
        request = kernel.send("%%ask 'Deploy?' -c hook -c page\nprint('deployed')")
        places.hook.say(places.question(), "bob", "approve")
        assert kernel.collect(request).stdout.endswith("deployed\n")
        wait_until(lambda: places.hooked("nbalert.decision"))
        assert "deployed" in places.hooked("nbalert.question")[0]["question"]["code"]
        refused = kernel.run("%ask 'Deploy?' -c hook -c quiet")
        why = refused.reply["content"]["evalue"]
        assert "channel quiet: a webhook cannot bring answers without answers_url;" in why
        assert "ask on a channel that can: chat, hook, inbox, page" in why
