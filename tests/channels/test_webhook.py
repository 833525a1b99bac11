from __future__ import annotations

import asyncio

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.errors import CannotAsk, ChannelRefused
from nbalert.message import Message, Receipt
from tests.chat_servers.webhook import Webhook
from tests.inboxes import question


def test_what_is_sent() -> None:
    """The message as JSON, with its type, and the key as a header."""
    with Webhook() as server:

        async def work() -> Receipt:
            channel = channels.build("ci", {"kind": "webhook", "url": server.url})
            receipt = await channel.post(Message(title="Trained", metadata={"loss": 0.5}), "key-1")
            await channel.aclose()
            return receipt

        receipt = asyncio.run(work())
        (request,) = server.requests
    assert (request.method, request.path, request.key) == ("POST", "/secret-path", "key-1")
    assert b'"type":"nbalert.message"' in request.body
    assert Message.from_json(request.message).title == "Trained"
    assert (receipt.channel, receipt.reference, receipt.link) == ("ci", "key-1", "")


def test_it_cannot_ask() -> None:
    """A question is refused on both ways, and nothing is sent."""
    with Webhook() as server:

        async def work() -> None:
            channel: Channel = channels.build("ci", {"kind": "webhook", "url": server.url})
            with pytest.raises(ChannelRefused, match="channel ci: a webhook cannot bring answers"):
                await channel.post(Message(title="?", question=question()), "k")
            with pytest.raises(CannotAsk):
                channel.replies(question(), Receipt(channel="ci", reference="k"))
            await channel.aclose()

        asyncio.run(work())
        assert server.requests == []
