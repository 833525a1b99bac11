from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nbalert import channels
from nbalert.channels.slack import SlackChannel
from nbalert.errors import ChannelDenied
from nbalert.message import Image, Message
from nbalert.question import Decision, Outcome, decide
from tests.chat_servers import slack_rules
from tests.chat_servers.slack_emulator import BOB_TOKEN, BOT_TOKEN, Emulator, installed
from tests.environments import Unavailable
from tests.inboxes import question

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One for all of these tests."""
    try:
        installed()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with Emulator() as running:
        yield running


def test_an_ask(emulator: Emulator) -> None:
    """It is posted once, with figure and reactions, answered in its thread and by a reaction, and decided."""
    place = emulator.channel("alerts")
    bob = str(emulator.call("auth.test")["user_id"])
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)  # its clock counts whole seconds
    one = question("Drop?", approvers=(bob,), asked_at=a_minute_ago)
    asked = Message(title="Drop?", code=one.code, question=one, images=(Image(b"\x89PNG\r\n\x1a\n"),))

    async def work() -> None:
        values = {
            "kind": "slack",
            "token": BOT_TOKEN,
            "channel": place,
            "base_url": emulator.base_url,
            "poll": 0.2,
        }
        channel = channels.build("team", values)
        assert isinstance(channel, SlackChannel)
        try:
            receipt = await channel.post(asked, "key")
            again = await channel.post(asked, "key")
            assert again.reference == receipt.reference
            ts = receipt.reference.partition(":")[2]
            async with aclosing(channel.replies(one, receipt)) as replies:
                say = {"channel": place, "thread_ts": ts, "text": "no: not on a Friday"}
                await asyncio.to_thread(lambda: emulator.call("chat.postMessage", **say))
                reply = await anext(replies)
                assert (reply.person, reply.name.lower(), reply.text) == (bob, "bob", "no: not on a Friday")
                react = {"channel": place, "timestamp": ts, "name": "x"}
                await asyncio.to_thread(lambda: emulator.call("reactions.add", **react))
                assert (await anext(replies)).way == "reaction"
            decision = decide(one, [reply])
            assert decision is not None
            assert decision.outcome is Outcome.REJECTED
            await channel.update(receipt, replace(asked, decision=decision))
            await asyncio.to_thread(shows, ts)
        finally:
            await channel.aclose()

    def shows(ts: str) -> None:
        thread = emulator.call("conversations.replies", BOT_TOKEN, channel=place, ts=ts)["messages"]
        assert "rejected by" in slack_rules.shown(thread[0]["blocks"])
        assert {reaction["name"] for reaction in thread[0]["reactions"]} == {"white_check_mark", "x"}
        assert any(said.get("files") for said in thread)

    asyncio.run(work())


def test_a_right_that_is_missing(emulator: Emulator) -> None:
    """The scope is named."""

    async def work() -> None:
        values: dict[str, Any] = {"kind": "slack", "token": BOB_TOKEN, "base_url": emulator.base_url}
        channel = channels.build("team", {**values, "channel": emulator.channel("alerts")})
        try:
            with pytest.raises(ChannelDenied, match="files:write"):
                await channel._api.call("files.getUploadURLExternal", filename="a", length=1)  # type: ignore[attr-defined]
        finally:
            await channel.aclose()

    asyncio.run(work())


def test_a_webhook(emulator: Emulator) -> None:
    """It takes what we send."""

    async def work() -> None:
        channel = channels.build("hook", {"kind": "slack-webhook", "url": emulator.hook_url})
        try:
            now = datetime.now(UTC)
            ended = Decision(question_id="q", outcome=Outcome.EXPIRED, decided_at=now)
            await channel.post(Message(title="By webhook", decision=ended), "key")
        finally:
            await channel.aclose()

    asyncio.run(work())
    place = emulator.channel("general")  # wherever it was made for
    history = emulator.call("conversations.history", BOT_TOKEN, channel=place)["messages"]
    assert any("By webhook" in str(said) for said in history)
