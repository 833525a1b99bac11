"""The long poll of a bot: one for all questions, nothing lost, conflicts said, clicks answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any, cast

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.errors import ChannelDenied
from nbalert.message import Message
from nbalert.policy import Reply
from tests.channels.asks import Ask, asking
from tests.channels.row_telegram import TelegramRow
from tests.chat_servers.telegram import ANN, ANONYMOUS, BOB, CAROL, GROUP, MALLORY, Telegram
from tests.chat_servers.webhook import RESET, status
from tests.inboxes import question


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    """A server of our own, whose bot is an admin."""
    with Telegram() as server:
        server.world.members[123456] = {"status": "administrator"}
        yield server
        assert server.api.faults == []


def put() -> Message:
    """A question that bob and carol may answer."""
    one = question(approvers=(str(BOB), str(CAROL)), asker=str(ANN))
    return Message(title=one.text, question=one)


def built(telegram: Telegram, name: str = "team", **values: Any) -> Channel:
    """A channel."""
    return channels.build(name, {**telegram.values, "timeout_s": 5.0, **values})


async def polled(telegram: Telegram) -> None:
    """Wait until the long poll is on."""
    await asyncio.to_thread(telegram.until, lambda: telegram.api.polls and telegram.api.polls[-1]["timeout"])


def test_one_reader_a_bot(telegram: Telegram) -> None:
    """Two channels of one token ask at once: nobody ends anybody's request, and each hears its own answer."""

    async def work() -> None:
        both = [built(telegram), built(telegram, "other")]
        try:
            asked = [(one, await one.post(put(), f"key{n}")) for n, one in enumerate(both)]
            streams = [one.replies(cast(Any, put().question), receipt) for one, receipt in asked]
            answers = [asyncio.ensure_future(anext(stream)) for stream in streams]
            first, second = telegram.messages
            telegram.say(BOB, "yes", second)
            telegram.say(CAROL, "no", first)
            replies = await asyncio.wait_for(asyncio.gather(*answers), 20)
            assert [reply.person for reply in replies] == [str(CAROL), str(BOB)]
            assert [one.note for one in both] == ["", ""]
            for stream in streams:
                await cast(Any, stream).aclose()
        finally:
            for one in both:
                await one.aclose()

    asyncio.run(work())


def test_an_answer_is_confirmed_when_it_is_stored(telegram: Telegram) -> None:
    """Who takes an answer and is gone before it asks for the next one leaves it to the next courier."""

    async def work() -> Reply:
        channel = built(telegram)
        try:
            async with aclosing(cast(Any, channel.replies(asked, receipt))) as stream:
                return cast(Reply, await asyncio.wait_for(anext(stream), 20))
        finally:
            await channel.aclose()

    async def post() -> Any:
        channel = built(telegram)
        try:
            return await channel.post(put(), "key")
        finally:
            await channel.aclose()

    asked = cast(Any, put().question)
    receipt = asyncio.run(post())
    telegram.say(BOB, "approve", telegram.messages[0])
    first, second = asyncio.run(work()), asyncio.run(work())
    assert first.reference == second.reference
    assert len(telegram.world.updates) == 1


def test_what_is_stored_is_confirmed(telegram: Telegram) -> None:
    """The next request asks for what comes after it, so that Telegram forgets it."""

    async def work(one: Ask) -> None:
        await one.answer(str(BOB), "approve", "reply")
        await one.until(lambda a: a.decision is not None)
        await asyncio.to_thread(telegram.until, lambda: not telegram.world.updates)

    asking(TelegramRow(telegram), work)


def test_ids_that_begin_anew(telegram: Telegram) -> None:
    """After a quiet week Telegram counts updates from anywhere: lower ids are heard, and confirmed."""

    async def work(one: Ask) -> None:
        await one.answer(str(BOB), "let me see", "reply")
        await one.until(lambda a: a.replies)
        await asyncio.to_thread(telegram.until, lambda: not telegram.world.updates)
        telegram.world.number_from(5)
        await one.answer(str(CAROL), "approve", "reply")
        await one.until(lambda a: a.decision is not None)
        await asyncio.to_thread(telegram.until, lambda: not telegram.world.updates)

    asking(TelegramRow(telegram), work)


def test_what_comes_before_anybody_listens(telegram: Telegram) -> None:
    """A click right after the question was posted waits for its listener."""

    async def work() -> None:
        channel = built(telegram)
        try:
            receipt = await channel.post(put(), "key")
            click = telegram.click(BOB, telegram.messages[0])
            await asyncio.to_thread(telegram.until, lambda: len(telegram.api.polls) > 2)
            async with aclosing(cast(Any, channel.replies(cast(Any, put().question), receipt))) as stream:
                reply = await asyncio.wait_for(anext(stream), 20)
                assert (reply.person, reply.way) == (str(BOB), "button")
                assert await asyncio.to_thread(telegram.toast, click) == "Received."
        finally:
            await channel.aclose()

    asyncio.run(work())


def test_a_webhook_is_in_the_way(telegram: Telegram) -> None:
    """No question is asked whose answers would go elsewhere; once it is deleted they are."""
    telegram.world.webhook = "https://elsewhere.example/"

    async def work() -> None:
        channel = built(telegram)
        try:
            with pytest.raises(ChannelDenied, match=r"^team: a webhook is set .*/deleteWebhook once"):
                await channel.post(put(), "key")
            assert telegram.messages == []
            telegram.world.webhook = ""
            await channel.post(put(), "key")
        finally:
            await channel.aclose()

    asyncio.run(work())
    assert len(telegram.messages) == 1


def test_another_reader(telegram: Telegram) -> None:
    """Another program with the same token is said in status; the question stays open, and is answered."""

    async def work(one: Ask) -> None:
        await asyncio.to_thread(
            telegram.until, lambda: telegram.api.polls and telegram.api.polls[-1]["timeout"]
        )
        telegram.api._get_updates({"timeout": 0, "allowed_updates": ["message"]})
        await asyncio.to_thread(telegram.until, lambda: one.channel.note)
        assert "another program reads the answers of this bot" in one.channel.note

    asking(TelegramRow(telegram), work)


def test_faults_of_the_poll(telegram: Telegram) -> None:
    """Errors, a lost connection and a wait that is asked for leave the question open."""

    async def work(one: Ask) -> None:
        await asyncio.to_thread(
            telegram.until, lambda: telegram.api.polls and telegram.api.polls[-1]["timeout"]
        )
        telegram.http.plan(status(500), RESET, status(429, Retry_After="0"))
        await one.answer(str(BOB), "let me see", "reply")
        await one.answer(str(CAROL), "approve", "button")
        await one.until(lambda a: a.decision is not None)

    asking(TelegramRow(telegram), work)


def test_a_token_that_is_revoked_ends_listening(telegram: Telegram) -> None:
    """Nobody waits for answers that cannot come any more."""

    async def work() -> None:
        channel = built(telegram)
        try:
            receipt = await channel.post(put(), "key")
            telegram.world.revoke()
            with pytest.raises(ChannelDenied, match="token is not valid"):
                async for _ in channel.replies(cast(Any, put().question), receipt):
                    pass
        finally:
            await channel.aclose()

    asyncio.run(work())


def test_whose_voice_it_is(telegram: Telegram) -> None:
    """Anonymous admins, channels and removed reactions are no voices, and who writes so is told why."""

    async def work(one: Ask) -> None:
        message = telegram.messages[0]
        chat = {"id": GROUP, "type": "supergroup", "title": "Team"}
        telegram.world.say(ANONYMOUS, "approve", message, sender_chat=chat)
        telegram.world.react(BOB, message, "👍", actor=chat)
        telegram.world.emit(
            "message_reaction",
            {
                **{"chat": chat, "message_id": message["message_id"], "date": message["date"]},
                **{"user": telegram.world.user(BOB), "new_reaction": []},
                "old_reaction": [{"type": "emoji", "emoji": "👍"}],
            },
        )
        telegram.world.react(CAROL, message, "👍", "👎")
        await one.until(lambda a: a.decision is not None)
        assert one.decision is not None
        assert (one.decision.outcome, one.decision.by) == ("rejected", (str(CAROL),))
        written, reacted, carols = one.replies
        assert [r.is_bot for r in one.replies] == [True, True, False]
        assert carols.person == str(CAROL)
        for reply in (written, reacted):
            await one.channel.respond(one.receipt, reply, "bots do not count")
        assert [m["text"][:30] for m in telegram.messages[-2:]] == ["anonymous answers do not count"] * 2

    asking(TelegramRow(telegram), work, approvers=("anyone",))


def test_a_click_that_does_not_count(telegram: Telegram) -> None:
    """Its author alone is told, in a window; one on a question that is long over as well."""

    async def work(one: Ask) -> None:
        click = telegram.click(MALLORY, telegram.messages[0])
        await one.until(lambda a: a.replies)
        await one.channel.respond(one.receipt, one.replies[0], "you are not an approver of this question")
        answer = telegram.world.clicks[click]["answer"]
        assert (answer["text"], answer["show_alert"]) == ("you are not an approver of this question", True)
        old = telegram.world.add(123456, text="Old?")
        stray = telegram.world.click(BOB, old, "nbalert:0123456789abcdef0123456789abcdef:0")
        assert await asyncio.to_thread(telegram.toast, stray) == "This question is not open any more."
        assert len(telegram.messages) == 2

    asking(TelegramRow(telegram), work)
