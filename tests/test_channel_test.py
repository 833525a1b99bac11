from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import ANY

import pytest

from nbalert import channel_trial
from nbalert.channel_test import Tried, tried
from nbalert.channel_trial import members_of, tried_ask, tried_draft
from nbalert.errors import CannotAsk, ChannelError, SettingsError
from nbalert.fields import Origin
from nbalert.home import Home
from nbalert.process import client
from nbalert.settings import ChannelTable
from tests.chat_servers.slack import TOKEN, Slack
from tests.chat_servers.slack_workspace import CHANNEL
from tests.chat_servers.webhook import HANG, Webhook, status

DRAFT = {"kind": "webhook", "url": "env:HOOK", "timeout_s": 1}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """A service, and the variable that names it."""
    with Webhook() as server:
        monkeypatch.setenv("HOOK", server.url)
        yield server


def drafted(home: Home, **values: object) -> Tried:
    """Try settings that stand in no file."""
    return tried_draft(table(home, **values))


def table(home: Home, **values: object) -> ChannelTable:
    """Settings as they would stand in the user's own file."""
    file = home.settings
    return ChannelTable("draft", {**DRAFT, **values}, Origin(str(file), file.parent, os.environ))


def test_a_draft_really_posts(home: Home, server: Webhook) -> None:
    """What is not saved yet is tried for real, and nothing of it is kept."""
    assert drafted(home) == Tried("draft")
    assert server.titles == ["Test of channel draft"]
    assert client().request({"do": "history", "limit": 10}) == []
    assert not home.settings.exists()


def test_a_service_that_refuses_says_why(home: Home, server: Webhook) -> None:
    """One line, without the secret that the address is."""
    server.always(status(401))
    (line,) = drafted(home).problems
    assert "401" in line
    assert "secret-path" not in line


def test_a_draft_that_is_wrong_is_not_tried(home: Home, server: Webhook) -> None:
    """The settings' own check comes first."""
    with pytest.raises(SettingsError, match=r"unknown key channels\.draft\.tokn"):
        drafted(home, tokn="x")
    assert server.requests == []


def test_the_line_goes_on_while_a_service_thinks(home: Home, server: Webhook) -> None:
    """Another request is answered before the slow one, of which the time is up at last."""
    server.always(HANG)
    found: list[Tried] = []
    slow = threading.Thread(target=lambda: found.append(drafted(home)))
    slow.start()
    server.until(lambda one: bool(one.requests))
    assert client().request({"do": "history", "limit": 10}) == []
    assert found == []
    slow.join()
    assert "draft: " in str(found[0])


def test_a_saved_channel_goes_the_way_of_every_message(home: Home, server: Webhook) -> None:
    """Through spool and store, so that history shows it."""
    home.root.mkdir(mode=0o700)
    home.settings.write_text('[channels.ci]\nkind = "webhook"\nurl = "env:HOOK"\n')
    assert tried("ci") == Tried("ci")
    assert server.titles == ["Test of channel ci"]
    assert [row["title"] for row in client().request({"do": "history", "limit": 10})] == server.titles


def test_a_dead_port_is_told_at_once(home: Home, server: Webhook) -> None:
    """Who tries a channel does not wait for what does not come; the test is kept, and arrives later."""
    home.root.mkdir(mode=0o700)
    home.settings.write_text('[channels.ci]\nkind = "webhook"\nurl = "env:HOOK"\n')
    server.down()
    told, kept = tried("ci").problems
    assert "cannot connect: nothing listens there" in told
    assert "secret-path" not in told
    assert kept == "the test is kept, and tried again until it has arrived"
    (waits,) = client().request({"do": "status"})["waiting"]
    assert waits["attempts"] < 5  # it was told long before the patience for a silent service ends
    server.up()
    server.until(lambda one: one.titles == ["Test of channel ci"])


def test_a_service_that_denies_is_a_line(home: Home, server: Webhook) -> None:
    """What it says is told like everything that is missing, and what becomes of the test."""
    home.root.mkdir(mode=0o700)
    home.settings.write_text('[channels.ci]\nkind = "webhook"\nurl = "env:HOOK"\n')
    server.always(status(401))
    (line,) = tried("ci").problems
    assert "check the token and its permissions; it is kept, and sent once that is mended" in line


@pytest.fixture
def slack(home: Home) -> Iterator[Slack]:
    """A workspace, and who you are there."""
    home.root.mkdir(mode=0o700)
    home.settings.write_text('[me]\nslack = "UANN"\n')
    (home.root / "token").write_text(TOKEN)
    with Slack() as slack:
        yield slack


def asking(slack: Slack, home: Home, *approvers: str) -> ChannelTable:
    """A channel where people can answer."""
    values = {**slack.values(), "token": "file:token", "approvers": list(approvers)}
    return ChannelTable("draft", values, Origin("mine", home.root, {}))


@pytest.mark.parametrize(("sign", "answer"), [("white_check_mark", "approved"), ("x", "rejected")])
def test_an_ask_that_is_answered(home: Home, slack: Slack, sign: str, answer: str) -> None:
    """Both answers show that answers arrive; whose does not count is told, and the message says the end."""
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(tried_ask, asking(slack, home, "UBOB"), client().settings)
        said = slack.question("does your answer arrive?")
        slack.react("UMALLORY", said["ts"], sign)
        slack.until(lambda: slack.ephemerals)
        slack.react("UBOB", said["ts"], sign)
        assert trying.result(60) == Tried("draft", (), ANY, f"{answer} by Bob (UBOB)")
    assert f"{answer} by Bob" in str(slack.find(CHANNEL, said["ts"]))
    assert client().request({"do": "history", "limit": 10}) == []


def test_an_ask_that_nobody_answers(home: Home, slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Says who may answer, and whose answer did not count and why."""
    monkeypatch.setattr(channel_trial, "ANSWER_S", 4.0)
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(tried_ask, asking(slack, home, "UBOB"), client().settings)
        said = slack.question("does your answer arrive?")
        slack.react("UMALLORY", said["ts"], "white_check_mark")
        ignored, unheard = trying.result(60).problems
    assert ignored.startswith("an answer did not count: M. (UMALLORY): ")
    assert "nobody has answered within 4 s. UBOB may" in unheard


def test_an_ask_that_nobody_could_answer(home: Home, slack: Slack) -> None:
    """What is missing is said before anybody is bothered."""
    with pytest.raises(CannotAsk, match="approvers is missing"):
        tried_ask(asking(slack, home), client().settings)
    slack.scopes.remove("reactions:read")
    assert "reactions:read" in str(tried_ask(asking(slack, home, "UBOB"), client().settings))
    assert slack.top() == []


def test_who_is_there(home: Home, slack: Slack) -> None:
    """By id and name; or the right that is missing, and where it is given."""
    assert ("UBOB", "Bob") in members_of(asking(slack, home))
    slack.scopes.remove("channels:read")
    with pytest.raises(ChannelError, match=r"channels:read.*OAuth"):
        members_of(asking(slack, home))


def test_the_inbox_as_a_draft(home: Home) -> None:
    """The inbox of this machine is found without an address."""
    assert tried_draft(ChannelTable("mine", {"kind": "inbox"}, Origin("", Path(), {}))).link.startswith(
        "http://127.0.0.1:"
    )
