from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from nbalert.home import Home
from nbalert.message import Message
from nbalert.policy import Reply
from nbalert.question import Outcome, Question
from tests.courier.rooms import Rooms, run
from tests.inboxes import question


def consume(rooms: Rooms, one: Question, **other: str) -> bool:
    """What the asker says when it wants to go on, but for this or that."""
    said = {"question_id": one.id, "run": one.run, "code_sha256": one.code_sha256, "origin": "o", **other}
    return rooms.ledger.consume(**said)


def opened(rooms: Rooms, **options: Any) -> Question:
    """A question in the book."""
    one = question(**options)
    rooms.accept(Message(title=one.text, question=one))
    return one


def said(person: str, text: str = "yes", reference: str = "1", at: datetime | None = None) -> Reply:
    """An answer, now unless it says when."""
    return Reply(reference=reference, person=person, text=text, at=at or datetime.now(UTC))


def test_an_approval_is_used_once_by_its_run(home: Home) -> None:
    """The run that asked may use it, however often its line is cut; no other run, and no other state."""

    async def work(rooms: Rooms) -> None:
        one = opened(rooms, run="mine")
        assert not consume(rooms, one)
        rooms.ledger.reply(one.id, "ci", said("bob"))
        assert [decision.outcome for decision in rooms.ended] == [Outcome.APPROVED]
        assert not consume(rooms, one, run="another")
        assert not consume(rooms, one, code_sha256="of other code")
        assert not consume(rooms, one, origin="another process")
        assert [consume(rooms, one) for _ in range(2)] == [True, True]
        assert not consume(rooms, one, question_id="unknown")
        assert not consume(rooms, one, run="another")

    run(home, work)


def test_no_other_end_can_be_used(home: Home) -> None:
    """Rejected, expired, cancelled and failed questions approve nothing."""

    async def work(rooms: Rooms) -> None:
        some = [opened(rooms, text=str(n)) for n in range(4)]
        rooms.ledger.reply(some[0].id, "ci", said("bob", "no"))
        rooms.ledger.expire(some[1].id)
        rooms.ledger.cancel(some[2].id, "")
        rooms.ledger.fail(some[3].id, "")
        for one in some:
            rooms.ledger.reply(one.id, "ci", said("carol", "yes", "late"))
            assert not consume(rooms, one)
        assert [d.outcome.value for d in rooms.ended] == ["rejected", "expired", "cancelled", "error"]

    run(home, work)


def test_the_same_answer_twice(home: Home) -> None:
    """It is entered and shown once, and is one voice."""

    async def work(rooms: Rooms) -> None:
        one = opened(rooms, need=2)
        for _ in range(3):
            rooms.ledger.reply(one.id, "ci", said("bob"))
        assert (len(rooms.replied), rooms.ended) == (1, [])
        rooms.ledger.reply(one.id, "ci", said("carol", reference="2"))
        assert rooms.ended[0].by == ("bob", "carol")

    run(home, work)


def test_a_question_ends_once(home: Home) -> None:
    """The first end stays; the chat is told once, where it was told at all."""

    async def work(rooms: Rooms) -> None:
        one = opened(rooms)
        for reason in "ab":
            rooms.ledger.cancel(one.id, reason)
        rooms.ledger.cancel("unknown", "")
        assert [decision.reason for decision in rooms.ended] == ["a"]
        assert rooms.ledger.decision(one.id) == rooms.ended[0]
        assert [r["kind"] for r in rooms.store.rows("SELECT kind FROM delivery")] == ["post", "update"]
        assert rooms.ledger.open_questions() == []

    run(home, work)


def test_expiry(home: Home) -> None:
    """What is overdue ends, the rest is known with the time that is left."""

    async def work(rooms: Rooms) -> None:
        assert rooms.agenda.work(rooms.due) is None
        opened(rooms, text="never", expires_at=None)
        assert rooms.agenda.work(rooms.due) is None
        later = opened(rooms, text="later")
        opened(rooms, text="past", expires_at=datetime.now(UTC) - timedelta(seconds=1))
        rooms.agenda.work(rooms.due)
        left_s = rooms.agenda.left_s(later.id)
        assert later.expires_at is not None
        assert left_s is not None
        assert abs(left_s - (later.expires_at.timestamp() - time.time())) < 5
        assert [d.question_id for d in rooms.ended] == ["q-past"]
        assert rooms.ledger.decision(later.id) is None

    run(home, work)


def test_a_body_that_never_ran_or_died(home: Home) -> None:
    """Approved, used and then interrupted: whoever approved is told; a death within the body is on record."""

    async def work(rooms: Rooms) -> None:
        some = [opened(rooms, text=text, run=text) for text in ("interrupted", "died", "ended")]
        for one in some:
            rooms.ledger.reply(one.id, "ci", said("bob"))
            assert consume(rooms, one)
        rooms.ledger.close(some[0].id, "interrupted", "did not run: interrupted")
        rooms.ledger.close(some[2].id, "ended", "ok")
        rooms.ledger.orphan("another process")
        rooms.ledger.orphan("o")
        outcomes = rooms.store.rows("SELECT body_outcome FROM question ORDER BY body_outcome")
        assert [row[0] for row in outcomes] == ["did not run: interrupted", "ok", "the process died"]
        told = rooms.store.rows("SELECT about FROM delivery WHERE kind = 'remind'")
        assert [row["about"] for row in told] == ["unused"]

    run(home, work)
