from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from nbalert import channels
from nbalert.channels.slack import SlackChannel
from nbalert.channels.slack_connection import Connection
from nbalert.network import Network
from nbalert.question import decide
from tests.certificates import HOST, Authority
from tests.channels.slack_asking import Asked, asking, do, opened
from tests.chat_servers import slack_rules
from tests.chat_servers.proxy import Proxy
from tests.chat_servers.slack import APP_TOKEN, Slack
from tests.chat_servers.webhook import Answer

PUSHED = {"app_token": APP_TOKEN}


@pytest.fixture
def slack() -> Iterator[Slack]:
    """A workspace."""
    with Slack() as server:
        yield server


def ask(slack: Slack, work: Callable[[Asked], Awaitable[None]], **values: Any) -> None:
    """Ask one question, and do something with it once answers are pushed."""

    async def run() -> None:
        async with opened(slack, **PUSHED, **values) as channel, asking(channel, slack) as asked:
            await asked.connected()
            await work(asked)

    asyncio.run(run())


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_a_refresh(slack: Slack, reason: str) -> None:
    """The new connection is up before the old one goes; clicks on either of them in between arrive."""

    async def work(asked: Asked) -> None:
        (old,) = slack.push.links
        await do(lambda: slack.push.disconnect(old, reason, closes=False))
        links = await do(slack.push.wait_for_links, 2)
        new = links[1]
        assert await do(lambda: slack.click("UBOB", asked.said, "Approve", to=old))
        assert await do(lambda: slack.click("UCAROL", asked.said, "Approve", to=new))
        assert {reply.person for reply in await asked.replies(2)} == {"UBOB", "UCAROL"}
        assert asked.channel.note == ""  # the greeting has counted both of them, and both are ours
        await do(lambda: slack.push.disconnect(old, reason))
        assert await do(slack.push.wait_for_links, 1) == [new]

    ask(slack, work)


def test_pushed_twice(slack: Slack) -> None:
    """The same envelope, or the same event in another one, is one answer."""

    async def work(asked: Asked) -> None:
        await do(lambda: slack.click("UBOB", asked.said, "Approve", times=3))
        said = await do(slack.say, "UCAROL", "no", asked.ts)
        await do(slack.tell, {**said, "channel": "C1"})
        await do(slack.say, "UCAROL", "that was all", asked.ts)
        await asked.replies(3)
        assert [reply.text for reply in asked.got] == ["approve", "no", "that was all"]

    ask(slack, work)


def test_a_connection_that_breaks(slack: Slack) -> None:
    """A new one is opened, and what was said meanwhile is read."""

    async def work(asked: Asked) -> None:
        (link,) = slack.push.links
        await do(slack.push.run, slack.push.down())
        await asked.until(lambda: "not up" in asked.channel.note)
        await do(slack.say, "UBOB", "ok", asked.ts)
        await do(slack.push.run, slack.push.up())
        await do(slack.push.wait_for_opened, 2)
        assert [reply.text for reply in await asked.replies()] == ["ok"]
        assert await do(slack.click, "UCAROL", asked.said, "Reject")
        assert len(await asked.replies(2)) == 2
        assert link not in slack.push.links

    ask(slack, work)


def test_too_many_connections(slack: Slack) -> None:
    """It backs off; the question is read meanwhile, and status says why."""

    async def work(asked: Asked) -> None:
        (link,) = slack.push.links
        await do(slack.push.disconnect, link, "too_many_websockets")
        await asked.until(lambda: "too many connections" in asked.channel.note)
        await do(slack.say, "UBOB", "ok", asked.ts)
        assert decide(asked.question, await asked.replies())
        assert len(slack.made("apps.connections.open")) == 1

    ask(slack, work)


@pytest.mark.parametrize("trouble", ["link_disabled", "invalid_auth"])
def test_socket_mode_that_is_off(slack: Slack, trouble: str) -> None:
    """No click would arrive: the buttons go, replies are asked for and read, status says what to mend."""

    async def work() -> None:
        if trouble == "invalid_auth":
            slack.tokens.discard(APP_TOKEN)
        async with opened(slack, **PUSHED) as channel, asking(channel, slack) as asked:
            if trouble == "link_disabled":
                await asked.connected()
                await do(slack.push.disconnect, slack.push.links[0], trouble)
            await asked.until(lambda: slack_rules.buttons(asked.said["blocks"]) == {})
            assert "reply in this thread" in slack_rules.shown(asked.said["blocks"])
            assert ("Socket Mode is switched off" if trouble == "link_disabled" else trouble) in channel.note
            await do(slack.say, "UBOB", "ok", asked.ts)
            assert decide(asked.question, await asked.replies())

    asyncio.run(work())


def test_slack_asks_to_wait_before_it_gives_an_address(slack: Slack) -> None:
    """For as long as it says; then the socket is up."""

    async def work() -> None:
        slack.limit("apps.connections.open", 1)
        slack.plan("apps.connections.open", Answer(500))
        async with opened(slack, **PUSHED) as channel, asking(channel, slack) as asked:
            await asked.connected()
            assert await do(slack.click, "UBOB", asked.said, "Approve")
            assert await asked.replies()

    asyncio.run(work())


def test_others_are_connected_already(slack: Slack) -> None:
    """A greeting counts more connections than ours: the question loses its buttons, and is read."""

    async def work() -> None:
        async with opened(slack, **PUSHED) as other, asking(other, slack, "Other?") as first:
            await first.connected()
            await do(_ask_elsewhere, slack)
            assert first.got == []

    def _ask_elsewhere(slack: Slack) -> None:
        async def elsewhere() -> None:
            async with opened(slack, **PUSHED) as channel, asking(channel, slack, "Ours?") as asked:
                await asked.until(lambda: slack_rules.buttons(asked.said["blocks"]) == {})
                assert "others listen with this app token" in channel.note
                await do(lambda: slack.say("UBOB", "ok", asked.ts, to=slack.push.links[0]))
                assert decide(asked.question, await asked.replies())
            async with opened(slack, **PUSHED) as channel, asking(channel, slack, "Again?") as asked:
                await asked.until(lambda: slack_rules.buttons(asked.said["blocks"]) == {})

        asyncio.run(elsewhere())

    asyncio.run(work())


def test_a_stray_click(slack: Slack) -> None:
    """A click on somebody else's question: who clicked is told, our own question is read from now on."""

    async def work(asked: Asked) -> None:
        actions = {"type": "button", "text": {"type": "plain_text", "text": "Approve"}}
        element = {**actions, "action_id": "nbalert-0", "value": "of-another-courier:0"}
        blocks = [{"type": "actions", "elements": [element]}]
        foreign = slack.add("C1", {"type": "message", "user": "UBOT", "text": "Theirs?", "blocks": blocks})
        assert await do(slack.click, "UBOB", foreign, "Approve")
        await asked.until(lambda: slack.ephemerals)
        (told,) = slack.ephemerals
        assert told["user"] == "UBOB"
        assert "reply in its thread" in told["text"]
        await asked.until(lambda: slack_rules.buttons(asked.said["blocks"]) == {})
        assert asked.got == []

    ask(slack, work)


@pytest.mark.parametrize("trusts", [True, False], ids=["trusted", "not trusted"])
def test_the_way_out(trusts: bool, tmp_path: Path) -> None:
    """The websocket goes through the project's proxy, by the channel's certificates and no others."""
    authority = Authority(tmp_path)
    slack = Slack()
    slack.push.tls, slack.push.host = authority.server(), HOST
    with slack, Proxy({HOST: slack.push.port}, "ann:hush") as proxy:
        network = Network(https_proxy=proxy.url("ann:hush"))
        tls = {"ca": str(authority.file)} if trusts else {}

        async def work() -> None:
            channel = channels.build("team", slack.values(**PUSHED, tls=tls), network)
            assert isinstance(channel, SlackChannel)
            try:
                async with asking(channel, slack) as asked:
                    if trusts:
                        await asked.connected()
                        assert await do(slack.click, "UBOB", asked.said, "Approve")
                        assert await asked.replies()
                    else:
                        await asked.until(lambda: "cannot be opened" in channel.note)
                        assert "hush" not in channel.note
            finally:
                await channel.aclose()

        asyncio.run(work())
        assert proxy.targets[0] == f"CONNECT {HOST}:{slack.push.port}"


@pytest.mark.parametrize("fails", [False, True])
def test_who_waits_hears_before_slack(fails: bool) -> None:
    """An answer is on record before it is acknowledged: a courier that is killed in between gets it again."""
    order = []

    class Noting(Connection):
        async def send_socket_mode_response(self, response: Any) -> None:
            order.append("acknowledged")

    def take(kind: str, envelope: str, payload: dict[str, Any]) -> None:
        asyncio.get_running_loop().call_soon(order.append, "heard")
        if fails:
            raise ValueError("not as it was a year ago")

    async def work() -> None:
        connection = Noting("ws://127.0.0.1:9", "", None, take)
        with suppress(ValueError):
            await connection.run_message_listeners({"type": "interactive", "envelope_id": "e"}, "")
        await connection.shut()

    asyncio.run(work())
    assert order == (["acknowledged", "heard"] if fails else ["heard", "acknowledged"])


def test_a_button_of_another_part_of_the_app(slack: Slack) -> None:
    """It is acknowledged and none of our business."""

    async def work(asked: Asked) -> None:
        element = {
            "type": "button",
            "action_id": "x",
            "text": {"type": "plain_text", "text": "X"},
            "value": "x",
        }
        blocks = [{"type": "actions", "elements": [element]}]
        said = slack.add("C1", {"type": "message", "user": "UBOT", "text": "", "blocks": blocks})
        assert await do(slack.click, "UBOB", said, "X")
        assert await do(slack.click, "UCAROL", asked.said, "Reject")
        assert [reply.person for reply in await asked.replies()] == ["UCAROL"]
        assert slack.ephemerals == []

    ask(slack, work)
