"""What a Discord webhook does beside the contract and Kapacitor's options."""

from __future__ import annotations

import asyncio

import pytest

from nbalert import channels
from nbalert.errors import ChannelDenied, ChannelRefused, ChannelUnreachable
from nbalert.message import Image, Message
from tests.chat_servers.discord import BOB, Discord
from tests.chat_servers.webhook import status
from tests.inboxes import question

LONG = "".join(f"line {n}\n" for n in range(1200))
"""It takes three messages."""


def test_another_try_goes_on_with_the_rest() -> None:
    """Where the second of three messages fails, the first is not posted again."""
    with Discord() as discord:

        async def work() -> None:
            channel = channels.build("ci", {"kind": "discord-webhook", "url": discord.hook_url})
            discord.http.plan(None, status(500))
            with pytest.raises(ChannelUnreachable):
                await channel.post(Message(title="t", traceback=LONG), "key")
            receipt = await channel.post(Message(title="t", traceback=LONG), "key")
            assert receipt.reference == discord.messages[0]["id"]
            await channel.aclose()

        asyncio.run(work())
        shown = [message["embeds"][0]["description"].splitlines()[1] for message in discord.messages]
        assert len(shown) == len(set(shown)) == 3


def test_an_edit_replaces_figures() -> None:
    """In place; what is not in the newer version goes."""
    with Discord() as discord:

        async def work() -> None:
            channel = channels.build(
                "ci", {"kind": "discord-webhook", "url": f"{discord.hook_url}?thread_id=7"}
            )
            receipt = await channel.post(Message(title="before", images=(Image(b"1"),)), "key")
            await channel.update(receipt, Message(title="after"))
            assert await channel.problems() == []
            await channel.aclose()

        asyncio.run(work())
        (message,) = discord.messages
        assert message["embeds"][0]["title"] == "after"
        assert message["attachments"] == []
        assert discord.http.requests[0].path.endswith("?thread_id=7&wait=true")


def test_whom_it_notifies() -> None:
    """Whom the message mentions on purpose."""
    with Discord() as discord:

        async def work() -> None:
            channel = channels.build("ci", {"kind": "discord-webhook", "url": discord.hook_url})
            await channel.post(Message(title=f"@everyone <@{BOB}>"), "quiet")
            await channel.post(Message(title="x", mention=(BOB,)), "loud")
            await channel.aclose()

        asyncio.run(work())
        assert [discord.kept.pinged[message["id"]] for message in discord.messages] == [[], [BOB]]


def test_what_it_refuses() -> None:
    """A question; an address that is none; one that is gone is a problem that says what to do."""
    with Discord() as discord:
        with pytest.raises(ValueError, match="has to start with https"):
            channels.build("ci", {"kind": "discord-webhook", "url": "discord.com/api"})

        async def work() -> None:
            channel = channels.build("ci", {"kind": "discord-webhook", "url": f"{discord.hook_url}x"})
            with pytest.raises(ChannelRefused, match="cannot bring answers"):
                await channel.post(Message(title="?", question=question()), "k")
            with pytest.raises(ChannelDenied, match="copy its URL again"):
                await channel.post(Message(title="t"), "k")
            (line,) = await channel.problems()
            assert "copy its URL again" in line
            assert "secret" not in line
            await channel.aclose()

        asyncio.run(work())
