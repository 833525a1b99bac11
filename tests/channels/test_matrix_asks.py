"""How answers on Matrix are heard: however they are given, whatever strangers send, through restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from nbalert import channels
from nbalert.channels.matrix_answers import place
from nbalert.channels.matrix_sync import PAGE, TIMELINE
from nbalert.errors import ChannelDenied
from nbalert.message import Message
from nbalert.question import decide
from nbalert.testing.asks import Ask, asking
from tests.channels.row_matrix import BOB, CAROL, MatrixRow
from tests.chat_servers.synapse import user
from tests.chat_servers.webhook import GARBAGE, Answer, status
from tests.inboxes import question
from tests.processes import wait_until

do = asyncio.to_thread
FLOOD = int(PAGE) + TIMELINE + 5
"""What is fetched takes more than one page."""


@pytest.fixture
def row(tmp_path: Path) -> Iterator[MatrixRow]:
    """A room at a homeserver."""
    with MatrixRow.open(tmp_path) as opened:
        yield opened


def event_of(ask: Ask) -> str:
    """Id of the question's event."""
    return place(ask.receipt)[1]


def test_replies(row: MatrixRow) -> None:
    """In the thread, to the question, by old clients that repeat it, each with name, time and link."""

    async def work(ask: Ask) -> None:
        event = event_of(ask)
        await do(row.say, "bob", "approve: fine", thread=event)
        quoted = "> <@bot:nb.test> Drop table 0?\n> approve\n\nno: not today\nask again"
        await do(row.say, "carol", quoted, reply_to=event)
        await ask.until(lambda a: len(a.replies) == 2)
        first, second = ask.replies
        assert (first.person, first.name, first.text) == (BOB, "Bob", "approve: fine")
        assert (second.person, second.text) == (CAROL, "no: not today\nask again")
        assert ask.question.asked_at < first.at <= second.at <= datetime.now(UTC)
        assert first.link.startswith(f"https://matrix.to/#/{row.room.replace('!', '%21')}/%24")

    asking(row, work, need=2)


def test_reactions(row: MatrixRow) -> None:
    """With or without the mark that some clients put behind an emoji; no others, nor on other messages."""

    async def work(ask: Ask) -> None:
        for key in ("👍", "✅✅", "approve"):
            await do(row.react, "bob", event_of(ask), key)
        await do(row.react, "bob", await do(row.say, "carol", "Lunch?"), "✅")
        await do(row.react, "carol", event_of(ask), "❌\ufe0f")
        await ask.until(lambda a: a.replies)
        assert [(one.person, one.text) for one in ask.replies] == [(CAROL, ask.question.policy.reject[0])]

    asking(row, work)


def test_edits_and_redactions(row: MatrixRow) -> None:
    """An edited answer does not count, heard or read; only its author edits it; what is gone is gone."""

    async def work(ask: Ask) -> None:
        event = event_of(ask)
        said = await do(row.say, "bob", "let me see", thread=event)
        await do(row.edit, "carol", said, "approve")  # clients show none of it
        edit = await do(row.edit, "bob", said, "approve")
        gone = await do(row.say, "carol", "hmm", thread=event)
        await do(row.redact, "carol", gone)
        last = await do(row.say, "mallory", "hello", reply_to=event)
        await ask.until(lambda a: a.replies and a.replies[-1].reference == last)
        await _later(ask, row, said, edit, gone)

    asking(row, work)


async def _later(ask: Ask, row: MatrixRow, said: str, edit: str, gone: str) -> None:
    """The same, of somebody who listens only now."""
    heard = {one.reference: one for one in ask.replies}
    assert heard[said].text == "let me see"
    assert (heard[edit].is_edited, heard[edit].person, heard[edit].text) == (True, BOB, "approve")
    assert decide(ask.question, ask.replies) is None
    async with aclosing(cast(Any, ask.channel.replies(ask.question, ask.receipt))) as stream:
        read = [await anext(stream) for _ in range(2)]
    assert [(one.reference, one.is_edited) for one in read] == [
        (edit, True),
        (ask.replies[-1].reference, False),
    ]
    assert gone not in {one.reference for one in read}


def test_what_strangers_send(row: MatrixRow) -> None:
    """Whatever is in an event, the next answer is heard."""
    junk: list[Any] = [None, 7, "x", [], ["m.thread"], {"rel_type": ["m.thread"]}, {"event_id": {}}]

    async def work(ask: Ask) -> None:
        event = event_of(ask)
        answered = {"rel_type": "m.thread", "event_id": event}
        for one in junk:
            said = {"msgtype": "m.text", "body": "approve"}
            await do(
                row.homeserver.send, row.room, "mallory", "m.room.message", {**said, "m.relates_to": one}
            )
            for part in ("msgtype", "body", "m.new_content", "formatted_body"):
                content = {**said, "m.relates_to": answered, part: one}
                with suppress(AssertionError):  # the server does not take it
                    await do(row.homeserver.send, row.room, "mallory", "m.room.message", content)
        await ask.answer(BOB, "approve", "reply")
        await ask.until(lambda a: a.decision is not None)
        assert ask.decision is not None
        assert ask.decision.by == (BOB,)

    asking(row, work)


def test_one_poll_for_all(row: MatrixRow) -> None:
    """Questions of two channels, in two rooms, share one poll; while nothing happens it is all there is."""
    other = row.homeserver.room(preset="public_chat")

    async def work(first: Ask) -> None:
        second_channel = channels.build("other", {**row.values(), "room": other})
        one = question("In the other room?", approvers=(BOB,))
        receipt = await second_channel.post(Message(title=one.text, question=one), one.id)
        second = Ask(row, second_channel, one, receipt)
        listening = asyncio.create_task(second.listen())
        try:
            await _told(first, second, row, other)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await second_channel.aclose()

    asking(row, work)


async def _told(first: Ask, second: Ask, row: MatrixRow, other: str) -> None:
    def is_quiet() -> bool:
        """The reactions are there, and the only poll is one of both rooms."""
        polled = [path for path in row.server.under_way if "/sync?" in path]
        sown = [one for one in row.server.accepted if "/m.reaction/" in one.path]
        return len(sown) == 4 and len(polled) == 1 and row.room[1:] in polled[0] and other[1:] in polled[0]

    await do(wait_until, is_quiet)
    before = len(row.server.requests)
    await asyncio.sleep(1)
    assert len(row.server.requests) == before
    relation = {"m.in_reply_to": {"event_id": event_of(second)}}
    said = {"msgtype": "m.text", "body": "approve", "m.relates_to": relation}
    await do(row.homeserver.send, other, "bob", "m.room.message", said)
    await second.until(lambda a: a.decision is not None)
    await first.answer(CAROL, "no", "reply")
    await first.until(lambda a: a.decision is not None)
    assert [one.person for one in first.replies] == [CAROL]


def test_more_than_a_poll_brings(row: MatrixRow) -> None:
    """What the server leaves out of a poll is fetched, in order: so an answer before a flood of talk."""

    async def work(ask: Ask) -> None:
        await ask.answer(CAROL, "hello", "reply")
        await ask.until(lambda a: a.replies)
        await do(row.server.down)
        await ask.answer(BOB, "approve", "reply")
        for n in range(FLOOD):
            await do(row.say, "carol", f"talk {n}", thread=event_of(ask))
        await do(row.server.up)
        await ask.until(lambda a: a.replies[-1].text == f"talk {FLOOD - 1}")
        talk = [f"talk {n}" for n in range(FLOOD)]
        assert [one.text for one in ask.replies] == ["hello", "approve", *talk]
        fetched = [one.path for one in row.server.accepted if "/messages?" in one.path and "&to=" in one.path]
        assert len(fetched) >= 2

    asking(row, work)


def test_a_homeserver_that_goes_and_comes(row: MatrixRow) -> None:
    """Restarted while a question waits; status says so meanwhile, and the answer arrives."""

    async def work(ask: Ask) -> None:
        await ask.answer(CAROL, "hello", "reply")
        await ask.until(lambda a: a.replies)
        await do(row.homeserver.stop)
        await do(wait_until, lambda: ask.channel.note)
        await do(row.homeserver.start)
        await ask.answer(BOB, "approve", "reaction")
        await ask.until(lambda a: a.decision is not None)
        assert ask.channel.note == ""

    asking(row, work)


def test_what_is_no_answer(row: MatrixRow) -> None:
    """Whatever comes in place of a homeserver's answer, the poll goes on, and what people say is heard."""
    answers = [GARBAGE, Answer(body=b'{"rooms": 7}'), Answer(body=b'{"next_batch": "s1", "rooms": 7}')]

    async def work(ask: Ask) -> None:
        await ask.answer(CAROL, "hello", "reply")
        await ask.until(lambda a: a.replies)
        row.server.fail("GET .*/sync", *answers, status(429, Retry_After="0"))
        await ask.answer(CAROL, "hello again", "reply")
        await ask.answer(BOB, "approve", "reply")
        await ask.until(lambda a: a.decision is not None)

    asking(row, work)


@pytest.mark.parametrize("how", ["kick", "logout"])
def test_an_ask_that_nobody_can_hear(row: MatrixRow, how: str) -> None:
    """Out of the room, or logged out: the question ends with what to do, instead of waiting for ever."""

    async def work(ask: Ask) -> None:
        await ask.answer(CAROL, "hello", "reply")
        await ask.until(lambda a: a.replies)
        stream = cast(Any, ask.channel.replies(ask.question, ask.receipt))
        await anext(stream)
        if how == "kick":
            out = {"user_id": user("bot")}
            await do(row.homeserver.call, "POST", "rooms", row.room, "kick", body=out)
        else:
            await do(row.revoke)
        why = "put out of the room" if how == "kick" else "access token is not valid"
        async with asyncio.timeout(20):
            with pytest.raises(ChannelDenied, match=f"team: .*{why}"):
                await anext(stream)

    asking(row, work)


def test_who_is_told(row: MatrixRow) -> None:
    """In the question's thread, for clients without threads a reply to it, by a mention of one person."""

    async def work(ask: Ask) -> None:
        await do(row.say, "mallory", "approve", reply_to=event_of(ask))
        await ask.until(lambda a: a.replies)
        await ask.channel.respond(ask.receipt, ask.replies[0], "you are not an approver")
        reminder = Message(title="5 minutes left", mention=(BOB,))
        await ask.channel.remind(ask.receipt, replace(reminder, question=ask.question), "reminder")
        said = [e["content"] for e in row.homeserver.events(row.room) if e["type"] == "m.room.message"][-2:]
        for content, person in zip(said, (user("mallory"), BOB), strict=True):
            assert content["m.mentions"] == {"user_ids": [person]}
            relation = content["m.relates_to"]
            assert (relation["rel_type"], relation["event_id"]) == ("m.thread", event_of(ask))
            assert relation["m.in_reply_to"]["event_id"] == event_of(ask)
        assert "you are not an approver" in said[0]["body"]

    asking(row, work)
