"""What a Mattermost webhook does beside the contract, and how text is escaped there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.channels.mattermost_text import escape
from nbalert.errors import ChannelDenied, ChannelRefused, ChannelUnreachable
from nbalert.message import Image, Message
from tests.channels.row_mattermost import rendered
from tests.channels.using import with_channel
from tests.chat_servers import mattermost_world as world
from tests.chat_servers.mattermost import BOB, Mattermost
from tests.chat_servers.webhook import Answer
from tests.inboxes import question


@pytest.fixture
def mattermost() -> Iterator[Mattermost]:
    """A server of our own."""
    with Mattermost() as server:
        yield server
        assert server.rest.faults == []


def use(url: str, work: Callable[[Channel], Awaitable[Any]], **values: Any) -> None:
    """Do something with a channel."""
    with_channel({"kind": "mattermost-webhook", "url": url, **values}, work)


def test_how_it_looks_and_where(mattermost: Mattermost) -> None:
    """Under another name, in another channel where a message or the settings say so; figures leave a note."""

    async def work(channel: Channel) -> None:
        await channel.post(Message(title="a", images=(Image(b"1"),)), "1")
        await channel.post(Message(title="b", target="ops"), "2")
        with pytest.raises(ChannelRefused, match="no such channel") as caught:
            await channel.post(Message(title="c", target="nowhere"), "3")
        assert not isinstance(caught.value, ChannelDenied)

    use(mattermost.hook_url, work, channel="quiet", username="Alerts", icon_url="https://a.b/c.png")
    first, second = mattermost.posts
    assert (first["channel_id"], second["channel_id"]) == (world.OTHER_CHANNEL, world.CHANNEL)
    assert first["props"]["override_username"] == "Alerts"
    assert "1 figure\\(s\\) left out" in first["props"]["attachments"][0]["text"]


def test_whom_it_notifies(mattermost: Mattermost) -> None:
    """Whom the message mentions, by username; Slack's marks, which webhooks translate, are text."""
    loud = f"<!channel> <!here> <@{BOB}> <{BOB}> @bob"

    async def work(channel: Channel) -> None:
        await channel.post(Message(title=loud, text=loud), "quiet")
        await channel.post(Message(title="x", mention=("@bob",)), "loud")

    use(mattermost.hook_url, work)
    assert [mattermost.kept.pinged[post["id"]] for post in mattermost.posts] == [[], [BOB]]


def test_what_it_refuses(mattermost: Mattermost) -> None:
    """A question; webhooks that are switched off; an answer of something else; an address that is none."""

    async def work(channel: Channel) -> None:
        with pytest.raises(ChannelRefused, match="ask on a channel of kind mattermost"):
            await channel.post(Message(title="?", question=question()), "key")
        mattermost.kept.has_hooks = False
        with pytest.raises(ChannelDenied, match="an administrator has switched off incoming webhooks"):
            await channel.post(Message(title="t"), "key")
        mattermost.http.always(Answer(body=b"{}"))
        with pytest.raises(ChannelUnreachable, match="as Mattermost does; check `url`"):
            await channel.post(Message(title="t"), "key")

    use(mattermost.hook_url, work)
    with pytest.raises(ValueError, match=r"https://…/hooks/…"):
        channels.build("team", {"kind": "mattermost-webhook", "url": f"{mattermost.url}/api/v4"})


@pytest.mark.parametrize(
    "text",
    [
        "# head\n  - item\n12. item\n> quote\n====\n---",
        "*b* _i_ ~~s~~ `c` [l](u) a|b {x}",
        r"C:\temp \* \\host\share",
        "12:30:45 :smile: bob@example.org",
        "fine &amp; dandy &#64;all",
    ],
)
def test_text_is_shown_as_it_is(text: str) -> None:
    """Whatever would be markup is read as it was written."""
    assert rendered(escape(text)) == text


def test_addresses_can_be_followed() -> None:
    """As they are; what would be a mention in one is written in its other way."""
    assert escape("see https://a.b/c_d?e=*f_&g=1, now") == "see https://a.b/c_d?e=\\*f\\_&g=1, now"
    assert escape("https://a.b/@all bob@a.b") == "https://a.b/%40all bob@a.b"
