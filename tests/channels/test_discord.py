"""What a Discord bot does beside the contract: without a gateway, reminders, rights, and where it posts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nbalert.channels.base import Channel
from nbalert.channels.discord_answers import Answers
from nbalert.channels.discord_rights import held_rights
from nbalert.errors import ChannelDenied, ChannelRefused
from nbalert.message import Message, Receipt
from nbalert.policy import NO, YES
from nbalert.question import Decision, Outcome
from tests.channels.asks import Ask, asking
from tests.channels.row_discord import DiscordRow
from tests.channels.using import with_channel
from tests.chat_servers import discord_world as world
from tests.chat_servers.discord import ANN, BOB, CAROL, Discord
from tests.chat_servers.discord_world import ALL_RIGHTS, World
from tests.inboxes import question


class Polled(DiscordRow):
    """The same without a gateway."""

    def values(self) -> dict[str, Any]:
        """By REST alone."""
        return {**super().values(), "gateway": False}


@pytest.fixture
def discord() -> Iterator[Discord]:
    """A server of our own."""
    with Discord() as server:
        yield server
        assert server.faults == []


def use(discord: Discord, work: Callable[[Channel], Awaitable[Any]], **values: Any) -> None:
    """Do something with a channel."""
    with_channel({**discord.values, **values}, work)


@pytest.mark.parametrize("way", ["reply", "reaction"])
def test_without_a_gateway(way: str, discord: Discord) -> None:
    """No buttons that nobody would hear; answers are looked for, and status says why it takes a while."""

    async def work(one: Ask) -> None:
        assert discord.messages[0]["components"] == []
        assert "3 to 10 s (gateway = false)" in one.channel.note
        await one.answer(CAROL, "let me see", "reply")
        await one.answer(BOB, "approve", way)
        await one.until(lambda a: a.decision is not None)
        assert one.decision is not None
        assert one.decision.by == (BOB,)

    asking(Polled(discord), work)
    assert discord.push.paths == []


def test_without_a_gateway_edits_and_threads_are_found(discord: Discord) -> None:
    """What was edited before anybody looked counts as edited; the question's thread is read as well."""

    async def work(one: Ask) -> None:
        message = discord.messages[0]
        edited = discord.say(BOB, "hm", reply_to=message)
        discord.edit(edited, "approve")
        for n in range(120):  # more than a page of other talk
            discord.say(CAROL, f"talk {n}")
        discord.say(CAROL, "approve", thread=message)
        await one.until(lambda a: a.decision is not None)
        assert one.decision is not None
        assert one.decision.by == (CAROL,)
        assert [reply.is_edited for reply in one.replies] == [True, False]

    asking(Polled(discord), work)


def test_a_question_that_is_deleted(discord: Discord) -> None:
    """Nobody can answer it any more: that ends it, and says why."""

    async def work(channel: Channel) -> None:
        one = question(approvers=(BOB,))
        receipt = await channel.post(Message(title="?", question=one), "key")
        discord.kept.messages.clear()
        with pytest.raises(ChannelRefused, match="the message was deleted"):
            await anext(channel.replies(one, receipt))

    use(discord, work, gateway=False)


def test_the_seeded_reactions(discord: Discord) -> None:
    """Both stand under the question, and go when it has ended; the asker is told, by a mention."""

    async def work(channel: Channel) -> None:
        one = question(approvers=(BOB,), asker=ANN)
        message = Message(title="?", question=one)
        receipt = await channel.post(message, "key")
        id_ = discord.messages[0]["id"]
        seeds = [discord.kept.reactions.setdefault((id_, emoji), []) for emoji in (YES, NO)]
        await asyncio.to_thread(discord.until, lambda: seeds == [[world.BOT]] * 2)
        decision = Decision(question_id=one.id, outcome=Outcome.EXPIRED, decided_at=datetime.now(UTC))
        for _ in range(2):
            await channel.update(receipt, replace(message, decision=decision))
        await asyncio.to_thread(discord.until, lambda: seeds == [[], []])
        assert len(discord.messages) == 2
        assert discord.messages[1]["content"] == f"<@{ANN}> expired"
        assert discord.kept.pinged[discord.messages[1]["id"]] == [ANN]

    use(discord, work)


def test_a_reminder_is_a_reply(discord: Discord) -> None:
    """It mentions the approvers, nobody else, and comes once a key."""

    async def work(channel: Channel) -> None:
        receipt = await channel.post(Message(title="?", question=question(approvers=(BOB,))), "key")
        reminder = Message(title="10 minutes left @everyone", mention=(BOB, "&1101", "anyone"))
        for _ in range(2):
            await channel.remind(receipt, reminder, "reminder")
        _, said = discord.messages
        assert said["message_reference"]["message_id"] == receipt.reference.split("/")[1]
        assert discord.kept.pinged[said["id"]] == [BOB, "1101"]

    use(discord, work)


def test_where_it_posts(discord: Discord) -> None:
    """The channel of the settings, or the message's own; the receipt leads there."""

    async def work(channel: Channel) -> None:
        for target, place in (("", world.CHANNEL), (world.OTHER_CHANNEL, world.OTHER_CHANNEL)):
            receipt = await channel.post(Message(title="t", target=target), f"key{target}")
            id_ = receipt.reference.removeprefix(f"{place}/")
            assert receipt.link.endswith(f"/channels/{world.GUILD}/{place}/{id_}")
            assert discord.kept.messages[id_]["channel_id"] == place
        with pytest.raises(ChannelDenied, match=r"10003.*check the id"):
            await channel.post(Message(title="t", target="404"), "nowhere")

    use(discord, work)


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        (World(), ""),
        (World(rights=ALL_RIGHTS & ~world.EMBED & ~world.REACT), "lacks Embed Links, Add Reactions in #ops"),
        (World(rights=0), "cannot see the channel"),
        (World(flags=0), "Message Content Intent"),
        (World(endpoint="https://elsewhere"), "Interactions Endpoint URL"),
    ],
    ids=["nothing", "rights", "invisible", "content", "endpoint"],
)
def test_problems(kept: World, says: str) -> None:
    """Each is a line that says where to click; nothing is posted."""
    with Discord(kept=kept) as discord:

        async def work(channel: Channel) -> None:
            lines = await channel.problems()
            assert len(lines) == (1 if says else 0)
            assert says in "".join(lines)

        use(discord, work)
        assert discord.messages == []


def test_a_wrong_token_is_a_problem(discord: Discord) -> None:
    """In one line, without the token."""

    async def work(channel: Channel) -> None:
        (line,) = await channel.problems()
        assert line.startswith("team: Discord answered 401: the token is not valid; reset it")

    use(discord, work, token="secret-other")


def test_rights_are_computed_as_the_service_does() -> None:
    """By roles; then the channel's exceptions: everybody's, the roles', the member's; the nearer wins."""
    roles = [{"id": "1", "permissions": "1"}, {"id": "2", "permissions": "6"}]
    guild = {"id": "1", "owner_id": "9", "roles": roles}
    everyone = {"id": "1", "allow": "16", "deny": "1"}
    role = {"id": "2", "allow": "1", "deny": "4"}
    member = {"id": "7", "allow": "4", "deny": "2"}
    assert held_rights(guild, ["2"], "7", []) == 1 | 2 | 4
    assert held_rights(guild, [], "7", [everyone, role]) == 16
    assert held_rights(guild, ["2"], "7", [member, role, everyone]) == 16 | 1 | 4
    assert held_rights(guild, [], "9", [everyone]) == ~0


def test_clocks_differ(discord: Discord) -> None:
    """An answer is as much later than the question as the service says, on the clock of who has posted it."""
    posted_at = datetime(2026, 1, 1, tzinfo=UTC)
    receipt = Receipt(channel="team", reference=f"2001/{1000 << 22}", posted_at=posted_at)
    answers = Answers(question(), receipt, "me")
    said: dict[str, Any] = {
        "id": str(3500 << 22),
        "channel_id": "2001",
        "author": {"id": BOB},
        "content": "yes",
    }
    reply = answers.of_message({**said, "message_reference": {"message_id": str(1000 << 22)}})
    assert reply is not None
    assert reply.at == posted_at + timedelta(seconds=2.5)
