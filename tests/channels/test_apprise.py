"""What the bridge to Apprise does beside the contract, with Apprise's own JSON format and a real server."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import apprise
import pytest

import nbalert
from nbalert import channels
from nbalert.errors import CannotAsk, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable
from nbalert.home import Home
from nbalert.message import Level, Message, Source
from tests.chat_servers.webhook import HANG, Webhook, status
from tests.inboxes import question
from tests.processes import settings_file


@pytest.fixture
def server() -> Iterator[Webhook]:
    """It takes what Apprise sends."""
    with Webhook() as one:
        yield one


def url(server: Webhook) -> str:
    """As Apprise has it."""
    return server.url.replace("http://", "json://")


def posted(at: str, *messages: Message, **settings: Any) -> list[ChannelError]:
    """Post them; what was raised."""

    async def work() -> list[ChannelError]:
        channel = channels.build("phone", {"kind": "apprise", "url": at, "timeout_s": 2.0, **settings})
        raised = []
        for message in messages:
            try:
                await channel.post(message, "key")
            except ChannelError as error:
                raised.append(error)
        await channel.aclose()
        return raised

    return asyncio.run(work())


def test_levels_are_types(server: Webhook) -> None:
    """Each has its own, and where it ran stands below."""
    source = Source(notebook="a.ipynb", cell_number=3, link="https://hub/a")
    assert (
        posted(url(server), *(Message(title=level.name, level=level, source=source) for level in Level)) == []
    )
    bodies = [json.loads(request.body) for request in server.requests]
    assert [body["type"] for body in bodies] == ["success", "info", "warning", "failure"]
    assert all("a.ipynb" in body["message"] and "https://hub/a" in body["message"] for body in bodies)


def test_a_false_result_is_an_error(server: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is there, or the service says no: never a receipt; no secret in the error, nothing in a log."""
    with caplog.at_level(logging.DEBUG, "apprise"):
        server.plan(status(400))
        (refused,) = posted(url(server), Message(title="x"))
        server.down()
        (unreachable,) = posted(url(server), Message(title="x"))
    assert type(refused) is ChannelRefused
    assert str(refused) == "phone: the service answered Apprise 400"
    assert type(unreachable) is ChannelUnreachable
    assert str(unreachable) == "phone: Apprise could not deliver it, and says no more"
    assert caplog.records == []


def test_a_hanging_service_holds_up_one_call(server: Webhook) -> None:
    """It ends by the channel's own time limit, and the next one goes through."""
    server.plan(HANG)
    (hanging,) = posted(url(server), Message(title="a"), Message(title="b"), timeout_s=0.5)
    assert type(hanging) is ChannelUnreachable
    assert [json.loads(request.body)["message"] for request in server.accepted] == ["🔵 b"]


def test_what_is_no_url() -> None:
    """The error names the setting, not what stands there; the test of a channel finds it."""
    (denied,) = posted("nonsense://secret-token", Message(title="x"))
    assert type(denied) is ChannelDenied
    assert str(denied) == "phone: Apprise cannot read the URL; check url in the settings"

    async def work() -> list[str]:
        channel = channels.build("phone", {"kind": "apprise", "url": "nonsense://secret-token"})
        found = await channel.problems()
        await channel.aclose()
        return found

    assert asyncio.run(work()) == [str(denied)]


def test_the_users_own_apprise_logs_on(server: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    """What is not called by a channel is heard by nobody but its caller."""
    server.plan(status(500))
    assert not apprise.Apprise.instantiate(url(server)).notify(body="mine")  # type: ignore[union-attr]
    assert "error=500" in caplog.text


def test_it_cannot_ask(server: Webhook, home: Home) -> None:
    """At once, with the configured channels that can; and a question that comes all the same is not sent."""
    settings_file(home.root, f'[channels.phone]\nkind = "apprise"\nurl = "{url(server)}"\n')
    with pytest.raises(CannotAsk, match="apprise cannot bring answers; ask on a channel that can: inbox"):
        nbalert.ask("Deploy?", channel="phone")
    (refused,) = posted(url(server), Message(title="?", question=question()))
    assert "Apprise only sends, no answer comes back" in str(refused)
    assert server.requests == []


def test_a_courier_delivers_it(server: Webhook, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a process to the service, its URL out of the environment."""
    monkeypatch.setenv("PHONE", url(server))
    settings_file(home.root, '[channels.phone]\nkind = "apprise"\nurl = "env:PHONE"\n')
    (receipt,) = nbalert.post("Trained", channel="phone").wait(60)
    assert receipt.channel == "phone"
    assert json.loads(server.accepted[0].body)["title"] == "🔵 Trained"


def test_without_the_package() -> None:
    """The list of kinds says how to get it."""
    code = (
        "import sys; sys.modules['apprise'] = None\n"
        "from nbalert.channel_list import kinds_text; print(kinds_text())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("apprise ")]
    assert line.endswith("posts; comes with nbalert; posting needs pip install 'nbalert[apprise]'")
