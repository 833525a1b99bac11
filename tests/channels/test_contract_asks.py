"""What every channel of the table that can ask has to keep: whose answers decide, and who is told else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from nbalert import channels
from nbalert.message import Message
from nbalert.question import is_answer, objection
from tests.channels.all_rows import ROWS
from tests.channels.asks import LIMIT_S, Ask, asking
from tests.channels.rows import Row

ASKING = {kind: row for kind, row in ROWS.items() if row.ways and kind in channels.KINDS}
WAYS = [(kind, way) for kind, row in ASKING.items() for way in row.ways]
VEXATIONS = [(kind, how) for kind, row in ASKING.items() for how in row.vexations]


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Row]:
    """The row of a kind."""
    with ASKING[kind].open(folder) as row:
        yield row
        row.check()


@pytest.mark.parametrize(("kind", "way"), WAYS)
@pytest.mark.parametrize("word", ["approve", "reject"])
def test_an_answer_decides(kind: str, way: str, word: str, tmp_path: Path) -> None:
    """Each way that the channel has, with who it was, by id."""

    async def work(ask: Ask) -> None:
        no = ask.question.policy.reject[0]
        await ask.answer(row.approver, word if word == "approve" else no, way)
        await ask.until(lambda a: a.decision is not None)
        assert ask.decision is not None
        assert ask.decision.outcome == ("approved" if word == "approve" else "rejected")
        assert ask.decision.by == (row.approver,)
        assert ask.replies[-1].way == way

    with opened(kind, tmp_path) as row:
        asking(row, work)


@pytest.mark.parametrize(("kind", "how"), VEXATIONS)
def test_what_does_not_count(kind: str, how: str, tmp_path: Path) -> None:
    """It decides nothing, an approver's own answer does; who meant to is told, where that is for us."""

    async def work(ask: Ask) -> None:
        await asyncio.to_thread(row.vex, how, ask.receipt)
        await ask.answer(row.second, ask.question.policy.approve[0], row.ways[0])
        await ask.until(lambda a: a.decision is not None)
        assert ask.decision is not None
        assert ask.decision.by == (row.second,)
        for reply in ask.replies:
            if row.tells and is_answer(ask.question, reply) and objection(ask.question, reply):
                await ask.channel.respond(ask.receipt, reply, "it does not count.")
                assert "it does not count." in row.told(reply.person)[-1]

    with opened(kind, tmp_path) as row:
        asking(row, work)


@pytest.mark.parametrize("kind", list(ASKING))
def test_one_voice_a_person(kind: str, tmp_path: Path) -> None:
    """Who approves twice, in whichever ways there are, is one; two are needed, and two decide."""

    async def work(ask: Ask) -> None:
        yes = ask.question.policy.approve[0]
        for way in (*row.ways, *row.ways):
            await ask.answer(row.approver, yes, way)
        await ask.until(lambda a: {r.way for r in a.replies} == set(row.ways))
        assert ask.decision is None
        await ask.answer(row.second, yes, row.ways[0])
        await ask.until(lambda a: a.decision is not None)
        assert ask.decision is not None
        assert set(ask.decision.by) == {row.approver, row.second}

    with opened(kind, tmp_path) as row:
        asking(row, work, need=2)


@pytest.mark.parametrize("kind", list(ASKING))
def test_one_answer_settles_one_question(kind: str, tmp_path: Path) -> None:
    """Of two questions at once, the one that was answered."""

    async def work(first: Ask, second: Ask) -> None:
        word = second.question.policy.approve[0]
        await second.answer(row.approver, word, row.ways[0])
        await second.until(lambda a: a.decision is not None)
        await first.answer(row.second, first.question.policy.reject[0], row.ways[0])
        await first.until(lambda a: a.decision is not None)
        assert [r.person for r in first.replies] == [row.second]
        assert [r.person for r in second.replies] == [row.approver]

    with opened(kind, tmp_path) as row:
        asking(row, work, count=2)


@pytest.mark.parametrize("kind", list(ASKING))
def test_the_same_answer_is_brought_once(kind: str, tmp_path: Path) -> None:
    """Who listens anew hears what was answered before, under the same references."""

    async def work(ask: Ask) -> None:
        way = "reply" if "reply" in row.ways else row.ways[0]
        await ask.answer(row.approver, ask.question.policy.approve[0], way)
        await ask.until(lambda a: a.replies)
        async with aclosing(cast(Any, ask.channel.replies(ask.question, ask.receipt))) as stream:
            async with asyncio.timeout(LIMIT_S):
                again = await anext(stream)
        assert again.reference == ask.replies[0].reference

    with opened(kind, tmp_path) as row:
        asking(row, work)


@pytest.mark.parametrize("kind", list(ASKING))
def test_who_is_late(kind: str, tmp_path: Path) -> None:
    """After the decision the buttons are gone; an answer that was under way is brought and can be told so."""

    async def work(ask: Ask) -> None:
        await ask.answer(row.approver, ask.question.policy.approve[0], row.ways[0])
        await ask.until(lambda a: a.decision is not None)
        decided = Message(title=ask.question.text, question=ask.question, decision=ask.decision)
        await ask.channel.update(ask.receipt, decided)
        assert [one.buttons for one in await asyncio.to_thread(row.seen)] == [()]
        if row.tells:
            await ask.answer(row.second, ask.question.policy.approve[0], "reply")
            await ask.until(lambda a: a.replies[-1].person == row.second)
            await ask.channel.respond(ask.receipt, ask.replies[-1], "it was decided already.")
            assert "it was decided already." in row.told(row.second)[-1]

    with opened(kind, tmp_path) as row:
        asking(row, work)
