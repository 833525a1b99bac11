from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.channel_test import Tried, tried, tried_draft
from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.process import client
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
    return tried_draft("draft", {**DRAFT, **values}, home.settings)


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


def test_the_inbox_as_a_draft(home: Home) -> None:
    """The inbox of this machine is found without an address."""
    assert tried_draft("mine", {"kind": "inbox"}, Path("nbalert.toml")).link.startswith("http://127.0.0.1:")
