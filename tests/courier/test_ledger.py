from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from nbalert.home import Home
from nbalert.message import Message
from nbalert.policy import Reply
from nbalert.question import Outcome, Question
from tests.courier.rooms import Rooms, run
from tests.inboxes import question


def opened(rooms: Rooms, **options: Any) -> Question:
    """A question in the book."""
    one = question(**options)
    rooms.accept(Message(title=one.text, question=one))
    return one


def said(person: str, text: str = "yes", reference: str = "1") -> Reply:
    """An answer, now."""
    return Reply(reference=reference, person=person, text=text, at=datetime.now(UTC))


def test_an_approval_is_used_once_by_its_run(home: Home) -> None:
    """The run that asked may use it, however often its line is cut; no other run, and no other state."""

    async def work(rooms: Rooms) -> None:
        one = opened(rooms, run="mine")
        assert not rooms.ledger.consume(one.id, "mine")
        rooms.ledger.reply(one.id, "ci", said("bob"))
        assert [decision.outcome for decision in rooms.ended] == [Outcome.APPROVED]
        assert not rooms.ledger.consume(one.id, "another")
        assert [rooms.ledger.consume(one.id, "mine") for _ in range(2)] == [True, True]
        assert not rooms.ledger.consume("unknown", "mine")

    run(home, work)


def test_no_other_end_can_be_used(home: Home) -> None:
    """Rejected, expired, cancelled and failed questions approve nothing."""

    async def work(rooms: Rooms) -> None:
        ids = [opened(rooms, text=str(n)).id for n in range(4)]
        rooms.ledger.reply(ids[0], "ci", said("bob", "no"))
        rooms.store.execute("UPDATE question SET expires_at = 1 WHERE id = ?", ids[1])
        rooms.ledger.expire()
        rooms.ledger.cancel(ids[2], "")
        rooms.ledger.fail(ids[3], "")
        for id_ in ids:
            rooms.ledger.reply(id_, "ci", said("carol", "yes", "late"))
            assert not rooms.ledger.consume(id_, "run")
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


def test_an_answer_entered_before_a_kill_decides(home: Home) -> None:
    """A courier was killed between entering an answer and deciding: when it is brought again, it decides."""

    async def work(rooms: Rooms) -> None:
        one = opened(rooms)
        rooms.store.execute(
            "INSERT INTO reply (question, channel, reference, body) VALUES (?, 'ci', '1', ?)",
            *(one.id, json.dumps(said("bob").to_json())),
        )
        rooms.ledger.reply(one.id, "ci", said("bob"))
        assert (rooms.replied, rooms.ended[0].by) == ([], ("bob",))

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
        assert rooms.ledger.expire() is None
        opened(rooms, text="never", expires_at=None)
        assert rooms.ledger.expire() is None
        later = opened(rooms, text="later")
        opened(rooms, text="past", expires_at=datetime.now(UTC) - timedelta(seconds=1))
        left_s = rooms.ledger.expire()
        assert later.expires_at is not None
        assert left_s is not None
        assert abs(left_s - (later.expires_at.timestamp() - time.time())) < 5
        assert [d.question_id for d in rooms.ended] == ["q-past"]
        assert rooms.ledger.decision(later.id) is None

    run(home, work)
