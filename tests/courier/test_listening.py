from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from nbalert.courier.listening import Listening, Posted
from nbalert.courier.projects import Project
from nbalert.home import Home
from nbalert.message import Message
from nbalert.question import Outcome
from tests.courier.rooms import Rooms, run
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
