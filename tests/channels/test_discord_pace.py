"""Rate limits are kept before they are hit, and one that is hit holds up nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.errors import ChannelBusy
from nbalert.message import Message
from tests.channels.using import with_channel
from tests.chat_servers.discord import Discord
from tests.chat_servers.discord_rules import Limits
from tests.chat_servers.discord_world import OTHER_CHANNEL


def use(discord: Discord, work: Callable[[Channel], Awaitable[Any]], **values: Any) -> None:
    """Do something with a channel."""
    with_channel({**discord.values, **values}, work)


async def post(channel: Channel, count: int, target: str = "") -> None:
    """Messages, one after the other."""
    for n in range(count):
        await channel.post(Message(title=str(n), target=target), f"{target}{n}")


def test_no_limit_is_hit() -> None:
    """Twelve messages where four in 0.3 s are allowed: it takes three windows, and no answer is a 429."""
    with Discord(limits=Limits(per_window=4, window_s=0.3)) as discord:
        began = time.monotonic()
        use(discord, lambda channel: post(channel, 12))
        assert time.monotonic() - began > 0.6
        assert discord.rest.limits.hits == 0
        assert len(discord.messages) == 12


def test_a_bucket_is_of_a_place() -> None:
    """Where one channel's limit is used up for long, the courier hears when; another channel goes on."""
    with Discord(limits=Limits(per_window=2, window_s=60)) as discord:

        async def work(channel: Channel) -> None:
            await post(channel, 2)
            with pytest.raises(ChannelBusy, match=r"^team: ") as caught:
                await channel.post(Message(title="2"), "2")
            assert caught.value.retry_after_s is not None
            assert 50 < caught.value.retry_after_s <= 60
            await post(channel, 2, OTHER_CHANNEL)

        use(discord, work)
        assert discord.rest.limits.hits == 0


def test_channels_of_one_bot_share_limits() -> None:
    """The service counts them together, and so do we; after a 429 as well."""
    with Discord(limits=Limits(per_window=100, overall=3)) as discord:

        async def work(channel: Channel) -> None:
            other = channels.build("ops", discord.values)
            with pytest.raises(ChannelBusy) as caught:
                await post(channel, 10)
            assert caught.value.retry_after_s is not None
            assert 0 < caught.value.retry_after_s <= 1.0
            hits, began = discord.rest.limits.hits, time.monotonic()
            await other.post(Message(title="later"), "later")  # waits until the second is over
            assert discord.rest.limits.hits == hits
            assert time.monotonic() - began > 0.5 * caught.value.retry_after_s
            await other.aclose()

        use(discord, work)


def test_a_click_is_not_held_up() -> None:
    """Callbacks are outside of the global limit: the three seconds for them run."""
    with Discord() as discord:

        async def work(channel: Channel) -> None:
            pace = channel._account.pace  # type: ignore[attr-defined]
            pace._all.remaining, pace._all.reset_at = 0, time.monotonic() + 60
            await asyncio.wait_for(pace.before("POST", "interactions/1/token/callback"), 1)
            with pytest.raises(ChannelBusy):
                await pace.before("POST", "channels/1/messages")

        use(discord, work)
