from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from nbalert.courier.listening import Listening, Posted
from nbalert.courier.project import Project
from nbalert.courier.responding import TOLD_LIMIT
from nbalert.home import Home
from nbalert.message import Message, Receipt
from nbalert.policy import Policy
from nbalert.question import Outcome
from tests.courier.rooms import Rooms, run
from tests.courier.test_ledger import said
from tests.inboxes import Inbox, question, reply


def project(inbox: Inbox, token: str = "") -> Project:
    """Its channel `ci` is a team's inbox."""
    token = token or inbox.server.sender_token("courier")
    return Project("p", "ci", {"ci": {"kind": "inbox", "url": inbox.url, "token": token}})


async def asked(rooms: Rooms) -> Posted:
    """A question that stands in the inbox."""
    one = question()
    posted = rooms.accept(Message(title=one.text, question=one))
    await rooms.until(lambda: rooms.settled == [posted])
    with rooms.projects.using("p", "ci") as channel:
        receipt = await channel.post(Message(title=one.text, question=one), posted)
    return Posted(one, "p", "ci", receipt, datetime.now(UTC))


def test_an_answer_reaches_the_ledger(home: Home, tmp_path: Path) -> None:
    """Also where the channel's settings changed meanwhile, and where listening was begun twice."""
    with Inbox(tmp_path) as inbox:

        async def work(rooms: Rooms) -> None:
            rooms.projects.learn(project(inbox))
            listening = Listening(rooms.projects, rooms.ledger)
            posted = await asked(rooms)
            for _ in range(2):
                listening.start(posted)
            changed = rooms.projects.learn(project(inbox))
            assert "ci" in changed
            listening.renew("another", changed)
            listening.renew("p", changed)
            bob = inbox.person("bob")
            await asyncio.to_thread(reply, bob, posted.receipt.reference, "yes")
            await rooms.until(lambda: rooms.ended)
            assert len(rooms.replied) == 1
            listening.end(posted.question.id)
            await listening.aclose()

        run(home, work)


def test_a_token_that_was_revoked(home: Home, tmp_path: Path) -> None:
    """Answers that cannot be had any more end the question: nobody waits for them."""
    with Inbox(tmp_path) as inbox:

        async def work(rooms: Rooms) -> None:
            rooms.projects.learn(project(inbox))
            listening = Listening(rooms.projects, rooms.ledger)
            posted = await asked(rooms)
            with inbox.server._people() as people:
                people.revoke("courier")
            listening.start(posted)
            await rooms.until(lambda: rooms.ended)
            assert rooms.ended[0].outcome is Outcome.ERROR
            await listening.aclose()

        run(home, work)


NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("posted_s", "skew_s"),
    [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (62.0, 60.0), (-60.0, -60.0)],
)
def test_what_a_receipt_proves_of_a_service_clock(posted_s: float, skew_s: float) -> None:
    """Only what lies outside of asking and entering is a difference of the clocks."""
    receipt = Receipt(channel="ci", reference="r", posted_at=NOW + timedelta(seconds=posted_s))
    posted = Posted(question(asked_at=NOW), "p", "ci", receipt, NOW + timedelta(seconds=2))
    assert posted.skew == timedelta(seconds=skew_s)


def test_a_local_clock_that_was_wrong_blocks_nobody(home: Home, tmp_path: Path) -> None:
    """Asked by a clock that is an hour ahead of the service's: the answer is not older than the question."""
    with Inbox(tmp_path) as inbox:

        async def work(rooms: Rooms) -> None:
            rooms.projects.learn(project(inbox))
            ahead = datetime.now(UTC) + timedelta(hours=1)
            one = question(asked_at=ahead, expires_at=ahead + timedelta(hours=1))
            rooms.accept(Message(title=one.text, question=one), "another")
            with rooms.projects.using("p", "ci") as channel:  # the inbox, too, would take it for too old
                receipt = await channel.post(Message(title=one.text, question=question()), "key")
            listening = Listening(rooms.projects, rooms.ledger)
            listening.start(Posted(one, "p", "ci", receipt, ahead))
            await asyncio.to_thread(reply, inbox.person("bob"), receipt.reference, "yes")
            await rooms.until(lambda: rooms.ended)
            assert rooms.ended[0].outcome is Outcome.APPROVED
            await listening.aclose()

        run(home, work)


def notices(person: httpx.Client) -> list[str]:
    """What one person is told in private, beside the only message there is."""
    (view,) = person.get("/api/messages?limit=9").raise_for_status().json()["messages"]
    return [notice["text"] for notice in view["notices"]]


def test_who_answers_without_effect_is_told(home: Home, tmp_path: Path) -> None:
    """Once an answer, in private, with the reason; of talk nobody is told anything."""
    with Inbox(tmp_path) as inbox:

        async def work(rooms: Rooms) -> None:
            rooms.projects.learn(project(inbox))
            one = question(need=2)
            posted = rooms.accept(Message(title=one.text, question=one))
            await rooms.until(lambda: rooms.settled == [posted])
            stands = json.loads(rooms.row(posted)["receipt"])["reference"]
            bob, carol = inbox.person("bob"), inbox.person("carol")
            number = (await asyncio.to_thread(reply, bob, stands, "yes")).json()["reference"]
            edited = replace(said("bob", reference=number), is_edited=True)
            for answer in (edited, edited, said("bob", "what is this?", "97")):
                rooms.ledger.reply(one.id, "ci", answer)
            await rooms.until(lambda: notices(bob))
            assert notices(bob) == ["edited answers do not count; please answer anew"]
            rooms.ledger.cancel(one.id, "interrupted")
            rooms.ledger.reply(one.id, "ci", said("bob", "no", "98"))
            number = (await asyncio.to_thread(reply, carol, stands, "yes")).json()["reference"]
            rooms.ledger.reply(one.id, "ci", said("carol", reference=number))
            await rooms.until(lambda: notices(carol))
            assert notices(carol) == ["this question has ended: cancelled: interrupted"]
            assert len(notices(bob)) == 1

        run(home, work)


def test_a_bot_is_not_told_for_ever(home: Home, tmp_path: Path) -> None:
    """Of two bots that answer each other one stops: this."""
    with Inbox(tmp_path) as inbox:

        async def work(rooms: Rooms) -> None:
            rooms.projects.learn(project(inbox))
            one = question()
            posted = rooms.accept(Message(title=one.text, question=one))
            await rooms.until(lambda: rooms.settled == [posted])
            for number in range(3 * TOLD_LIMIT):
                answer = said("robot", reference=str(number))
                rooms.ledger.reply(one.id, "ci", replace(answer, is_bot=True))
            assert len(rooms.voided) == 3 * TOLD_LIMIT
            assert len(rooms.responding._tasks) == TOLD_LIMIT

        run(home, work)


def test_one_channel_of_two_is_lost(home: Home) -> None:
    """The question goes on where people can still answer, and ends where they cannot any more."""

    async def work(rooms: Rooms) -> None:
        one = question(policies={"ops": Policy(approvers=("eve",))})
        rooms.accept(Message(title=one.text, question=one), "ci", "ops")
        rooms.ledger.lose(one.id, {"ci"}, "the token was revoked")
        assert rooms.ended == []
        rooms.ledger.lose(one.id, {"ci", "ops"}, "the token was revoked")
        assert [decision.sentence for decision in rooms.ended] == ["error: the token was revoked"]

    run(home, work)
