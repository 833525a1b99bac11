"""How answers on Mattermost are brought: pushed, through every loss of the websocket, and without one."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any, cast

import pytest

from nbalert import channels
from nbalert.errors import ChannelDenied, ChannelRefused
from nbalert.message import Message
from tests.channels.asks import LIMIT_S, Ask, asking
from tests.channels.row_mattermost import MattermostRow
from tests.chat_servers.mattermost import BOB, CAROL, Mattermost
from tests.inboxes import question


class Polled(MattermostRow):
    """The same without a websocket."""

    def values(self) -> dict[str, Any]:
        """By REST alone."""
        return {**super().values(), "websocket": False}


def id_of(ask: Ask) -> str:
    """Of the question's post."""
    return ask.receipt.reference.rpartition("/")[2]


async def connected(mattermost: Mattermost) -> None:
    """Wait until the websocket is greeted."""
    await asyncio.to_thread(mattermost.until, lambda: mattermost.run(mattermost.push.count()), LIMIT_S)


def test_one_websocket_for_all() -> None:
    """Asks of one bot share it, and nothing is read again while it is up."""
    with Mattermost() as mattermost:

        def reads() -> int:
            asked = (f"{r.method} {r.path}" for r in mattermost.http.requests)
            return sum(one.startswith("GET") and one.endswith("/reactions") for one in asked)

        async def work(*asks: Ask) -> None:
            await asyncio.to_thread(mattermost.until, lambda: reads() == 5, LIMIT_S)
            for ask in asks:
                await ask.answer(BOB, "no: later", "reply")
                await ask.until(lambda a: a.decision is not None)
            assert reads() == 5
            assert [reply.name for ask in asks for reply in ask.replies] == ["Bob"] * 5
            assert mattermost.push.greeted == 1

        asking(MattermostRow(mattermost), work, count=5)


@pytest.mark.parametrize("how", ["abort", "garble", "refused", "missed"])
def test_what_is_lost_is_looked_up(how: str) -> None:
    """Whatever happens to the connection, what was answered or edited meanwhile is brought, once."""
    with Mattermost() as mattermost:

        async def work(ask: Ask) -> None:
            await connected(mattermost)
            if how == "missed":
                mattermost.push.drops = 2
            else:
                mattermost.push.is_refusing = how == "refused"
                mattermost.run(mattermost.push.garble() if how == "garble" else mattermost.push.abort())
            said = mattermost.say(CAROL, "hm", id_of(ask))
            mattermost.edit(said, "approve")
            mattermost.say(BOB, "approve: fine", id_of(ask))
            await ask.until(lambda a: a.decision is not None)
            assert ask.decision is not None
            assert (ask.decision.by, ask.decision.reason) == ((BOB,), "fine")
            if how == "refused":
                assert "the websocket closed with" in ask.channel.note
            mattermost.push.is_refusing = False
            await connected(mattermost)
            mattermost.react(CAROL, id_of(ask), "x")
            await ask.until(lambda a: a.replies[-1].way == "reaction")
            assert [(reply.person, reply.is_edited) for reply in ask.replies] == [
                *((CAROL, True), (BOB, False)),
                (CAROL, False),
            ]
            await asyncio.to_thread(mattermost.until, lambda: ask.channel.note == "", LIMIT_S)

        asking(MattermostRow(mattermost), work)


@pytest.mark.parametrize("way", ["reply", "reaction"])
def test_without_a_websocket(way: str) -> None:
    """Answers are looked for, over more than a page of talk; status says why it takes a while."""
    with Mattermost() as mattermost:

        async def work(ask: Ask) -> None:
            assert "3 to 10 s (websocket = false)" in ask.channel.note
            for n in range(250):
                mattermost.say(CAROL, f"talk {n}", id_of(ask))
            await ask.answer(BOB, "approve", way)
            await ask.until(lambda a: a.decision is not None)
            assert ask.decision is not None
            assert ask.decision.by == (BOB,)

        asking(Polled(mattermost), work)
        assert mattermost.push.greeted == 0
        assert mattermost.rest.faults == []


@pytest.mark.parametrize("row", [MattermostRow, Polled])
def test_a_question_that_is_deleted(row: type[MattermostRow]) -> None:
    """Nobody can answer it any more: that ends it, and says why."""
    with Mattermost() as mattermost:

        async def work() -> None:
            channel = channels.build("team", row(mattermost).values())
            one = question(approvers=(BOB,))
            receipt = await channel.post(Message(title="?", question=one), "key")
            async with aclosing(cast(Any, channel.replies(one, receipt))) as replies:
                first = asyncio.ensure_future(anext(replies))
                if row is MattermostRow:
                    await connected(mattermost)
                mattermost.kept.delete(receipt.reference.rpartition("/")[2])
                with pytest.raises(ChannelRefused, match=r"^team: .*was deleted"):
                    await asyncio.wait_for(first, LIMIT_S)
            await channel.aclose()

        asyncio.run(work())


def test_a_token_that_is_taken_away() -> None:
    """The websocket only closes; REST says why, and the ask ends with what to do."""
    with Mattermost() as mattermost:

        async def work() -> None:
            channel = channels.build("team", mattermost.values)
            one = question(approvers=(BOB,))
            receipt = await channel.post(Message(title="?", question=one), "key")
            async with aclosing(cast(Any, channel.replies(one, receipt))) as replies:
                first = asyncio.ensure_future(anext(replies))
                await connected(mattermost)
                mattermost.kept.token = "another"
                mattermost.run(mattermost.push.abort())
                with pytest.raises(ChannelDenied, match=r"^team: .*the token is not valid; make another"):
                    await asyncio.wait_for(first, LIMIT_S)
            await channel.aclose()

        asyncio.run(work())


def test_the_connection_goes_with_its_last_channel() -> None:
    """Nothing of it is left."""
    with Mattermost() as mattermost:

        async def work(ask: Ask) -> None:
            await connected(mattermost)

        asking(MattermostRow(mattermost), work)
        mattermost.until(lambda: mattermost.run(mattermost.push.count()) == 0)
