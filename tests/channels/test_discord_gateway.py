"""The gateway, against a server that does all that the documentation allows it to do to a client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import pytest

from nbalert import channels
from nbalert.channels.discord import DiscordChannel
from nbalert.channels.discord_account import Account
from nbalert.channels.listener import GAP
from nbalert.errors import ChannelDenied
from nbalert.fields import ChannelSettings
from nbalert.message import Message
from nbalert.network import Network
from tests.certificates import Authority
from tests.channels.asks import LIMIT_S, Ask, asking
from tests.channels.row_discord import DiscordRow
from tests.chat_servers.discord import BOB, CAROL, Discord
from tests.chat_servers.discord_push import ACK, HEARTBEAT, IDENTIFY, INVALID, RECONNECT, RESUME
from tests.chat_servers.discord_world import World
from tests.chat_servers.proxy import Proxy
from tests.inboxes import question

RESUMED: list[tuple[str, tuple[object, ...]]] = [
    ("abort", ()),
    ("garble", ()),
    ("say", (RECONNECT,)),
    ("say", (INVALID, True)),
    *(("close", (code,)) for code in (4000, 4001, 4002, 4003, 4005, 4008, 1011)),
]
"""After each of these a session goes on."""
ANEW: list[tuple[str, tuple[object, ...]]] = [
    ("say", (INVALID, False)),
    *(("close", (code,)) for code in (1000, 1001, 4007, 4009)),
]
"""After each of these it is over."""


@pytest.fixture
def discord() -> Iterator[Discord]:
    """A server of our own; at the end nothing has broken a schema or a limit."""
    with Discord() as server:
        yield server
        assert server.faults == []


def ask(discord: Discord, work: Callable[..., Awaitable[Any]], count: int = 1) -> None:
    """Put questions, and do something."""
    asking(DiscordRow(discord), work, count)


async def until(holds: Callable[[], Any]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110 - the server runs on another thread
            await asyncio.sleep(0.01)


async def decided(one: Ask, way: str = "reply") -> None:
    """Bob approves, and that decides."""
    await one.answer(BOB, "approve", way)
    await one.until(lambda a: a.decision is not None)
    assert one.decision is not None
    assert one.decision.by == (BOB,)


def test_one_session_and_the_least_intents(discord: Discord) -> None:
    """Two questions share a session, which is up before they are posted; messages, reactions, content."""

    async def work(first: Ask, second: Ask) -> None:
        await decided(first, "button")
        await decided(second, "button")
        (identity,) = discord.push.ops(IDENTIFY)
        assert identity["intents"] == 1 << 9 | 1 << 10 | 1 << 15
        await until(lambda: [c.answer for c in discord.kept.clicks.values()] == [{"type": 6}] * 2)

    ask(discord, work, 2)
    assert len(discord.push.paths) == 1


def test_without_message_content() -> None:
    """Where it is not switched on it is not asked for; buttons work, and the test of a channel says so."""

    async def work(one: Ask) -> None:
        await decided(one, "button")
        assert server.push.ops(IDENTIFY)[0]["intents"] == 1 << 9 | 1 << 10
        (line,) = await one.channel.problems()
        assert "Message Content Intent" in line

    with Discord(kept=World(flags=0)) as server:
        ask(server, work)


def test_channels_of_one_bot_share_a_session(discord: Discord) -> None:
    """Whichever asks; the last one closes it, with 1000."""

    async def work() -> None:
        built = [channels.build(name, discord.values) for name in ("team", "ops")]
        one = question(approvers=(BOB,))
        for channel in built:
            receipt = await channel.post(Message(title="?", question=one), channel.name)
            async with aclosing(cast(Any, channel.replies(one, receipt))) as replies:
                discord.click(BOB, discord.question())
                async with asyncio.timeout(LIMIT_S):
                    assert (await anext(replies)).person == BOB
        await built[0].aclose()
        assert discord.push.closed == []
        await built[1].aclose()

    asyncio.run(work())
    assert len(discord.push.ops(IDENTIFY)) == 1
    discord.until(lambda: discord.push.closed == [1000])


@pytest.mark.parametrize(("does", "given"), RESUMED)
def test_a_session_is_resumed(does: str, given: tuple[Any, ...], discord: Discord) -> None:
    """At its own address, with what was missed: a click among it is not lost."""

    async def work(one: Ask) -> None:
        await asyncio.to_thread(discord.do, does, *given)
        await decided(one, "button")
        await until(lambda: discord.push.ops(RESUME))

    ask(discord, work)
    assert len(discord.push.ops(IDENTIFY)) == 1
    assert discord.push.paths[-1].startswith("/resume")


@pytest.mark.parametrize(("does", "given"), ANEW)
def test_a_session_that_is_over(does: str, given: tuple[Any, ...], discord: Discord) -> None:
    """Another one is begun; what was said in between is looked up."""

    async def work(one: Ask) -> None:
        await asyncio.to_thread(discord.do, does, *given)
        await decided(one)
        await until(lambda: len(discord.push.ops(IDENTIFY)) == 2)

    ask(discord, work)


def test_a_dead_connection(discord: Discord) -> None:
    """No answer to a heartbeat: it is left with a code that keeps the session, and resumed."""
    discord.push.heartbeat_ms = 100

    async def work(one: Ask) -> None:
        discord.push.is_mute = True
        await until(lambda: discord.push.ops(RESUME))
        discord.push.is_mute = False
        await decided(one, "button")

    ask(discord, work)
    assert discord.push.closed[0] == 4000
    assert len(discord.push.ops(IDENTIFY)) == 1


def test_a_heartbeat_on_demand(discord: Discord) -> None:
    """Sent at once, with the number of the last event."""

    async def work(one: Ask) -> None:
        before = len(discord.push.ops(HEARTBEAT))
        await asyncio.to_thread(discord.do, "say", HEARTBEAT)
        await until(lambda: len(discord.push.ops(HEARTBEAT)) > before)
        assert discord.push.ops(HEARTBEAT)[-1] >= 1
        await asyncio.to_thread(discord.do, "say", ACK)
        await decided(one, "button")

    ask(discord, work)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (4004, "reset it in the Developer Portal"),
        (4010, "shards"),
        (4011, "gateway = false"),
        (4012, "version 10"),
        (4013, "does not know"),
        (4014, "Message Content Intent"),
    ],
)
def test_fatal_codes(code: int, says: str, discord: Discord) -> None:
    """The question hears what to mend, in one line, and nobody connects again."""

    async def work() -> None:
        channel = channels.build("team", discord.values)
        one = question(approvers=(BOB,))
        receipt = await channel.post(Message(title="?", question=one), "key")
        async with aclosing(cast(Any, channel.replies(one, receipt))) as replies:
            waiting = asyncio.ensure_future(anext(replies))
            await asyncio.sleep(0.05)
            await asyncio.to_thread(discord.do, "close", code)
            with pytest.raises(ChannelDenied, match=rf"^team: .*{says}") as caught:
                await asyncio.wait_for(waiting, LIMIT_S)
            assert "secret" not in str(caught.value)
        await channel.aclose()

    asyncio.run(work())
    assert len(discord.push.paths) == 1


def test_a_wrong_token_is_said_before_anything_is_asked(discord: Discord) -> None:
    """The question does not stand in the chat."""
    values = {**discord.values, "token": "another"}

    async def work() -> None:
        channel = channels.build("team", values)
        with pytest.raises(ChannelDenied, match=r"^team: Discord answered 401: the token"):
            await channel.post(Message(title="?", question=question(approvers=(BOB,))), "key")
        await channel.aclose()

    asyncio.run(work())
    assert discord.messages == []


def test_a_code_that_is_fatal_at_once(discord: Discord) -> None:
    """What nobody could answer is not asked: the gateway's first word is heard before the question goes."""
    discord.push.rejects = 4014

    async def work() -> None:
        channel = channels.build("team", discord.values)
        with pytest.raises(ChannelDenied, match=r"^team: .*4014: switch on Message Content Intent"):
            await channel.post(Message(title="?", question=question(approvers=(BOB,))), "key")
        await channel.aclose()

    asyncio.run(work())
    assert discord.messages == []


def test_the_budget_of_identifies(discord: Discord) -> None:
    """With none left nobody identifies until the service has new ones; the token would be reset otherwise."""
    discord.push.identifies_left, discord.push.reset_after_ms = 0, 500

    async def work() -> None:
        channel = channels.build("team", discord.values)
        assert isinstance(channel, DiscordChannel)
        one = question(approvers=(BOB,))
        posting = asyncio.create_task(channel.post(Message(title="?", question=one), "key"))
        await until(lambda: "no identify is left" in channel.note or "/gateway/bot" in _paths(discord))
        assert discord.push.ops(IDENTIFY) == []
        discord.push.identifies_left = 1
        await posting
        assert len(discord.push.ops(IDENTIFY)) == 1
        await channel.aclose()

    asyncio.run(work())


def _paths(discord: Discord) -> str:
    return " ".join(request.path for request in discord.http.requests)


def test_a_gateway_that_is_down(discord: Discord) -> None:
    """Tried again and again, and said in status; answers arrive once it is there."""

    async def work(one: Ask) -> None:
        discord.push.refuses = 2
        await asyncio.to_thread(discord.do, "abort")
        await until(lambda: "gateway" in one.channel.note)
        await decided(one)
        await until(lambda: not one.channel.note)

    ask(discord, work)


def test_a_gateway_that_never_comes_back(discord: Discord) -> None:
    """Replies and reactions are looked for meanwhile, whoever keeps us from connecting."""

    async def work(one: Ask) -> None:
        discord.push.refuses = 1_000_000
        await asyncio.to_thread(discord.do, "abort")
        await decided(one, "reaction")

    ask(discord, work)


def test_events_that_come_twice(discord: Discord) -> None:
    """One answer; and it is acknowledged once."""

    async def work(one: Ask) -> None:
        emit, told = discord.kept.emit, list[tuple[str, dict[str, Any]]]()

        def noting(name: str, data: dict[str, Any]) -> None:
            told.append((name, data))
            emit(name, data)

        discord.kept.emit = noting
        await one.answer(CAROL, "let me see", "reply")
        await one.answer(BOB, "approve", "button")
        for name, data in told:
            emit(name, data)
        await one.answer(CAROL, "done", "reply")
        await one.until(lambda a: {"approve", "done"} <= {reply.text for reply in a.replies})
        assert sorted(reply.text for reply in one.replies) == ["approve", "done", "let me see"]
        assert len(discord.kept.clicks) == 1

    ask(discord, work)


def test_a_click_that_another_session_has_answered(discord: Discord) -> None:
    """It counts; a word to who has clicked goes by a reply then."""

    async def work(one: Ask) -> None:
        with discord.kept.lock:  # held, no answer of ours can come first
            discord.click(BOB, discord.question()).answer = {"type": 6}
        await one.until(lambda a: a.decision is not None)
        await one.channel.respond(one.receipt, one.replies[0], "you are late.")
        assert discord.messages[-1]["content"] == f"<@{BOB}> you are late."

    ask(discord, work)


def test_a_click_on_what_is_not_open(discord: Discord) -> None:
    """Whoever presses a stale button is told so, and privately; another courier's question is left to it."""

    async def work(one: Ask) -> None:
        stale = discord.kept.add(one.receipt.reference.split("/")[0], "4001", {"components": _BUTTON}, {})
        click, others = discord.click(BOB, stale, "Old"), discord.click(BOB, stale, "Old")
        others.answer = {"type": 6}
        await until(lambda: click.private)
        assert click.private == ["This question is not open any more."]
        assert others.private == []
        await decided(one, "button")

    ask(discord, work)


_BUTTON = [{"type": 1, "components": [{"type": 2, "style": 3, "label": "Old", "custom_id": "nbalert:old:0"}]}]


def test_certificates_of_the_channel(tmp_path: Path) -> None:
    """The connection trusts whom the channel's settings trust, and nobody else."""
    authority = Authority(tmp_path)
    with Discord(tls=authority.server()) as server:

        async def work() -> None:
            for tls, pushes in (({"ca": str(authority.file)}, True), ({}, False)):
                account = Account(
                    server.kept.token, f"{server.values['base_url']}/", "", _settings(server, tls)
                )
                listener = account.listen("team", "1")
                if pushes:
                    async with asyncio.timeout(LIMIT_S):
                        assert (await listener.next())[0] == GAP
                else:
                    await until(lambda: "not trusted" in account.trouble)  # noqa: B023
                await account.aclose()

        asyncio.run(work())


def _settings(server: Discord, tls: dict[str, str]) -> ChannelSettings:
    return DiscordChannel.Settings.model_validate({**server.values, "tls": tls})


def test_a_proxy(discord: Discord) -> None:
    """The connection goes through the proxy that the project names, with its user and password."""
    hosts = {"rest.example.org": discord.http.port, "gateway.example.org": discord.push.port}
    given = {
        **discord.values,
        "base_url": "http://rest.example.org/api/v10",
        "gateway_url": "ws://gateway.example.org",
    }
    with Proxy(hosts, login="ann:hush") as proxy:

        async def work() -> None:
            channel = channels.build("team", given, Network.of({"HTTP_PROXY": proxy.url("ann:hush")}))
            one = question(approvers=(BOB,))
            receipt = await channel.post(Message(title="?", question=one), "key")
            async with aclosing(cast(Any, channel.replies(one, receipt))) as replies:
                discord.click(BOB, discord.messages[0])
                async with asyncio.timeout(LIMIT_S):
                    assert (await anext(replies)).person == BOB
            await channel.aclose()

        asyncio.run(work())
        assert "CONNECT gateway.example.org:80" in proxy.targets
        assert proxy.denied == 0


def test_a_reply_in_the_thread(discord: Discord) -> None:
    """Counts like one to the message, and is answered in the thread."""

    async def work(one: Ask) -> None:
        message = discord.question()
        discord.say(BOB, "approve", thread=message)
        await one.until(lambda a: a.decision is not None)
        reply = one.replies[0]
        assert reply.link.endswith(f"/channels/1001/{message['id']}/{reply.reference.split(':')[2]}")
        await one.channel.respond(one.receipt, reply, "it does not count.")
        said = list(discord.kept.messages.values())[-1]
        assert (said["channel_id"], said["content"]) == (message["id"], f"<@{BOB}> it does not count.")

    ask(discord, work)
