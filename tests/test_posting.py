from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import nbalert
from nbalert.errors import UnknownChannel
from nbalert.home import Home
from nbalert.message import Level, Message
from tests.chat_servers.webhook import Webhook, status
from tests.processes import Script, settings_file, webhook_table


def sent(home: Home, *args: Any, **options: Any) -> Message:
    """What arrives of a post on the default channel."""
    with Webhook() as server:
        settings_file(home.root, 'default = "ci"\n' + webhook_table("ci", server.url))
        assert nbalert.post(*args, **options)
        server.until(lambda s: bool(s.accepted))
        return Message.from_json(server.accepted[0].message)


def test_a_text(home: Home) -> None:
    """Its first line is the title; where it comes from goes along."""
    message = sent(home, "Trained\nin 3 h", level="warning", metadata={"loss": 0.5})
    assert (message.title, message.text, message.level) == ("Trained", "in 3 h", Level.WARNING)
    assert message.metadata == {"loss": 0.5}
    assert message.source.host
    assert message.source.user


def test_a_title(home: Home) -> None:
    """Then the text is all text."""
    message = sent(home, "one\ntwo", title="T")
    assert (message.title, message.text) == ("T", "one\ntwo")


def test_a_whole_message(home: Home) -> None:
    """Goes as it is, with the metadata that JSON has not."""
    message = sent(home, Message(title="M", metadata={"loss": float("nan")}, level=Level.OK))
    assert (message.title, message.level, message.metadata) == ("M", Level.OK, {"loss": "nan"})


def test_where_else_and_whom(home: Home) -> None:
    """A place and people of the service, for a text and over those of a whole message."""
    message = sent(home, "x", target="C2", mention="U1")
    assert (message.target, message.mention) == ("C2", ("U1",))
    message = sent(home, Message(title="M", target="C3", mention=("U2",)), mention=["U3", "U4"])
    assert (message.target, message.mention) == ("C3", ("U3", "U4"))


def test_the_boolean_contract(home: Home) -> None:
    """Without raising: true where it was accepted, and where it has arrived; why not is kept."""
    posted = nbalert.post("x", raises=False)
    assert posted
    assert posted.wait(raises=False)
    refused = nbalert.post("x", channel="imbox", raises=False)
    assert not refused
    assert refused.wait(raises=False) == []
    with pytest.raises(UnknownChannel, match="did you mean inbox"):
        refused.wait()
    with Webhook() as server:
        server.always(status(400))
        settings_file(home.root, webhook_table("ci", server.url))
        assert nbalert.post("x", channel="ci", raises=False).wait(raises=False) == []


def test_a_global_channel_hears_what_a_script_says(home: Home, tmp_path: Path) -> None:
    """A process does not end before it has, as a container ends with it; a question it does not hear."""
    with Webhook() as server:
        table = webhook_table("all", server.url, "global = true\nstate_changes_only = false\n")
        settings_file(home.root, table)
        with Script("import nbalert\nnbalert.post('one').wait(60)", folder=tmp_path) as script:
            assert script.end() == 0
        assert server.titles == ["one"]
        assert not nbalert.ask("Go?", timeout=0.5, raises=False)
        nbalert.post("two").wait(60)
        server.until(lambda one: len(one.titles) == 2)
        assert server.titles == ["one", "two"]


def test_from_a_coroutine(home: Home) -> None:
    """Accepting takes no time worth waiting for."""
    assert asyncio.run(nbalert.post_async("x")).wait()[0].channel == "inbox"


def test_what_is_wrong_is_raised_and_nothing_sent(home: Home) -> None:
    """An unknown channel and an unknown level."""
    with pytest.raises(UnknownChannel, match="known channels: inbox"):
        nbalert.post("x", channel=["inbox", "imbox"])
    with pytest.raises(ValueError, match="unknown level"):
        nbalert.post("x", level="loud")
    assert not home.spool.exists()


def test_secrets_stay_out(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    """A secret is in no file of the home, and nowhere in the output."""
    with Webhook() as server:
        server.down()
        settings_file(home.root, 'default = "ci"\n' + webhook_table("ci", "file:token"))
        (home.root / "token").write_text(server.url)
        nbalert.post("x")
        server.up()
        server.until(lambda s: bool(s.accepted))
    for path in home.root.rglob("*"):
        if path.is_file() and path.name != "token":
            assert b"secret-path" not in path.read_bytes(), path
    assert "secret-path" not in str(capfd.readouterr())
