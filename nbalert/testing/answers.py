"""What every channel that can ask has to keep: whose answers decide, and who is told else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial, update_wrapper
from typing import Any, cast

from nbalert.message import Message
from nbalert.question import is_answer, objection
from nbalert.testing.asks import LIMIT_S, Ask, asking
from nbalert.testing.checks import Check, check_of, holds
from nbalert.testing.rows import Row


def an_answer(way: str, word: str, row: Row) -> None:
    """An answer decides, with who gave it, by id."""

    async def work(ask: Ask) -> None:
        no = ask.question.policy.reject[0]
        await ask.answer(row.approver, word if word == "approve" else no, way)
        await ask.until(lambda a: a.decision is not None)
        expected = "approved" if word == "approve" else "rejected"
        holds(ask.decision is not None and ask.decision.outcome == expected, f"it is {ask.decision!r}")
        holds(ask.decision is not None and ask.decision.by == (row.approver,), "somebody else answered")
        holds(ask.replies[-1].way == way, f"its way is {ask.replies[-1].way!r}, not {way!r}")

    asking(row, work)


def a_vexation(how: str, row: Row) -> None:
    """It decides nothing, an approver's own answer does; who meant to is told, where that is for us."""

    async def work(ask: Ask) -> None:
        await asyncio.to_thread(row.vex, how, ask.receipt)
        await ask.answer(row.second, ask.question.policy.approve[0], row.ways[0])
        await ask.until(lambda a: a.decision is not None)
        assert ask.decision is not None
        holds(ask.decision.by == (row.second,), f"it was decided by {ask.decision.by}")
        for reply in ask.replies:
            if row.tells and is_answer(ask.question, reply) and objection(ask.question, reply):
                await ask.channel.respond(ask.receipt, reply, "it does not count.")
                _was_told(row, reply.person, "it does not count.")

    asking(row, work)


def one_voice(row: Row) -> None:
    """Who approves twice, in whichever ways there are, is one; two are needed, and two decide."""

    async def work(ask: Ask) -> None:
        yes = ask.question.policy.approve[0]
        for way in (*row.ways, *row.ways):
            await ask.answer(row.approver, yes, way)
        await ask.until(lambda a: {r.way for r in a.replies} == set(row.ways))
        holds(ask.decision is None, "one person decided where two are needed")
        await ask.answer(row.second, yes, row.ways[0])
        await ask.until(lambda a: a.decision is not None)
        assert ask.decision is not None
        holds(set(ask.decision.by) == {row.approver, row.second}, f"it was decided by {ask.decision.by}")

    asking(row, work, need=2)


def one_question(row: Row) -> None:
    """Of two questions at once an answer settles the one that it was given to."""

    async def work(first: Ask, second: Ask) -> None:
        word = second.question.policy.approve[0]
        await second.answer(row.approver, word, row.ways[0])
        await second.until(lambda a: a.decision is not None)
        await first.answer(row.second, first.question.policy.reject[0], row.ways[0])
        await first.until(lambda a: a.decision is not None)
        holds([r.person for r in first.replies] == [row.second], "the first has another's answer")
        holds([r.person for r in second.replies] == [row.approver], "the second has another's answer")

    asking(row, work, count=2)


def the_same_again(row: Row) -> None:
    """Who listens anew hears what was answered before, under the same references."""

    async def work(ask: Ask) -> None:
        way = "reply" if "reply" in row.ways else row.ways[0]
        await ask.answer(row.approver, ask.question.policy.approve[0], way)
        await ask.until(lambda a: a.replies)
        async with aclosing(cast(Any, ask.channel.replies(ask.question, ask.receipt))) as stream:
            async with asyncio.timeout(LIMIT_S):
                again = await anext(stream)
        holds(again.reference == ask.replies[0].reference, "the same answer has another reference")

    asking(row, work)


def who_is_late(row: Row) -> None:
    """After the decision the buttons are gone; an answer that was under way is brought and can be told so."""

    async def work(ask: Ask) -> None:
        await ask.answer(row.approver, ask.question.policy.approve[0], row.ways[0])
        await ask.until(lambda a: a.decision is not None)
        decided = Message(title=ask.question.text, question=ask.question, decision=ask.decision)
        await ask.channel.update(ask.receipt, decided)
        buttons = [one.buttons for one in await asyncio.to_thread(row.seen)]
        holds(not any(buttons), f"there are buttons still: {buttons}")
        if row.tells:
            await ask.answer(row.second, ask.question.policy.approve[0], "reply")
            await ask.until(lambda a: a.replies[-1].person == row.second)
            await ask.channel.respond(ask.receipt, ask.replies[-1], "it was decided already.")
            _was_told(row, row.second, "it was decided already.")

    asking(row, work)


def _was_told(row: Row, person: str, text: str) -> None:
    told = row.told(person)
    holds(told and text in told[-1], f"{person} was not told")


def checks(row: type[Row]) -> tuple[Check, ...]:
    """Those of a row's ways and vexations; none where nobody can answer."""
    if not row.ways:
        return ()
    ways = [_of(an_answer, way, word) for way in row.ways for word in ("approve", "reject")]
    vexations = [_of(a_vexation, how) for how in row.vexations]
    rest = (one_voice, one_question, the_same_again, who_is_late)
    return (*ways, *vexations, *(check_of(one) for one in rest))


def _of(check: Callable[..., None], *words: str) -> Check:
    name = f"{check.__name__.replace('_', ' ')}: {' '.join(words)}"
    return check_of(update_wrapper(partial(check, *words), check), name)
