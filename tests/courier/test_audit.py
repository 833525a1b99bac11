from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nbalert.agreement import disagreements
from nbalert.courier.audit import read_head
from nbalert.courier.records import book_page, delivery_page, trail_page
from nbalert.home import Home
from nbalert.message import Message, Receipt
from nbalert.question import Question
from nbalert.trail import Head, broken
from tests.courier.rooms import Rooms, opened, run
from tests.courier.test_ledger import consume, said
from tests.inboxes import question

Do = Callable[[Rooms], object]


def live(home: Home, *does: Do) -> None:
    """Each in a courier's life of its own."""
    for does_ in does:

        async def work(rooms: Rooms, does_: Do = does_) -> None:
            does_(rooms)

        run(home, work)


def ask(rooms: Rooms, **options: Any) -> Question:
    """A question, posted."""
    one = question(**{"text": "Deploy?", **options})
    message = rooms.accept(Message(title=one.text, question=one))
    row = rooms.store.row("SELECT d.*, q.id AS question FROM delivery d JOIN question q USING (message)"
                          " WHERE message = ? AND kind = 'post'", message)  # fmt: skip
    assert row is not None
    receipt = Receipt(channel="ci", reference="r", link="https://chat/r")
    rooms.settling.settle(row, "delivered", "", receipt)
    return one


def use(rooms: Rooms) -> None:
    """Asked, answered, approved, used, closed."""
    one = ask(rooms)
    rooms.ledger.reply(one.id, "ci", said("mallory", "yes, please", "1"))
    rooms.ledger.reply(one.id, "ci", said("bob", "yes: go", "2"))
    assert consume(rooms, one)
    rooms.spool.put({"kind": "outcome", "question": one.id, "run": one.run, "outcome": "ok"})
    rooms.intake.take()
    rooms.ledger.reply(one.id, "ci", said("carol", "no", "3"))


def found(home: Home) -> list[str]:
    """What a courier that begins now finds wrong."""
    faults: list[str] = []

    def look(rooms: Rooms) -> None:
        rows = trail_page(rooms.store, rooms.trail, 0)["rows"]
        faults.extend(broken(rows, rooms.trail.head))
        faults.extend(disagreements(rows, book_page(rooms.store, "")["rows"], rooms.trail.head.seq))

    live(home, look)
    return faults


def tamper(home: Home, *statements: str) -> None:
    """Somebody opens the file with sqlite3, and the guards are the first that goes."""
    with closing(sqlite3.connect(home.store)) as db, db:
        for name in ("audit_is_not_altered", "audit_is_not_shortened", "audit_is_in_order"):
            db.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            db.execute(statement)


def test_what_is_on_record(home: Home) -> None:
    """Asked, posted, each answer with person and why it does not count, decision, use, and the end."""
    live(home, use)

    def look(rooms: Rooms) -> None:
        entries = [json.loads(row["entry"]) for row in trail_page(rooms.store, rooms.trail, 0)["rows"]]
        assert [entry["kind"] for entry in entries] == [
            *("asked", "posted", "reply", "reply", "decision", "consumed", "outcome", "reply")
        ]
        asked, posted, first, second, decision, consumed, outcome, late = entries
        assert (asked["text"], asked["code_sha256"]) == ("Deploy?", question().code_sha256)
        assert (posted["channel"], posted["link"]) == ("ci", "https://chat/r")
        assert (first["reply"]["person"], first["why"]) == (
            "mallory",
            "you are not an approver of this question",
        )
        assert (second["reply"]["way"], second["reply"]["channel"], second["why"]) == ("reply", "ci", "")
        assert decision["decision"]["by"] == ["bob"]
        assert (consumed["run"], consumed["code_sha256"]) == (question().run, question().code_sha256)
        assert outcome["outcome"] == "ok"
        assert late["why"] == "this question has ended: approved by bob: go"

    live(home, look)
    assert found(home) == []


def test_the_head_is_written_soon(home: Home) -> None:
    """Not only at the courier's end: a kill costs the last moment at most."""

    async def work(rooms: Rooms) -> None:
        ask(rooms)
        await rooms.until(lambda: read_head(home.audit_head) == rooms.trail.head)
        assert rooms.trail.head.seq == 2

    run(home, work)


def test_a_courier_that_was_killed_before_it_wrote_the_head(home: Home) -> None:
    """A head that lags is no alarm, and the next courier brings it up to date."""
    live(home, ask)
    early = home.audit_head.read_text()
    live(home, lambda rooms: rooms.ledger.cancel(question("Deploy?").id, "interrupted"))
    home.audit_head.write_text(early)
    assert found(home) == []
    assert read_head(home.audit_head) == Head(3, read_head(home.audit_head)[1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE audit SET entry = replace(entry, 'mallory', 'bob') WHERE seq = 3", "entry 3 was changed"),
        ("DELETE FROM audit WHERE seq = 3", "entry 3 is missing"),
        ("DELETE FROM audit WHERE seq > 6", "entries 7 to 8 are missing"),
        ("DELETE FROM audit", "entries 1 to 8 are missing"),
        ("UPDATE question SET decision = replace(decision, 'bob', 'eve')",
         "question q-Deploy?: its decision was changed in the ledger"),
        ("UPDATE question SET body = replace(body, 'drop', 'list')",
         "question q-Deploy?: what was asked was changed in the ledger"),
        ("UPDATE question SET body_outcome = 'ValueError'",
         "question q-Deploy?: how its body ended was changed in the ledger"),
        ("UPDATE question SET consumed_by = 'x'",
         "question q-Deploy?: the run that used its approval was changed in the ledger"),
        ("DELETE FROM reply WHERE seq = 1", "question q-Deploy?: its answers were changed in the ledger"),
    ],
)  # fmt: skip
def test_a_tampered_database(statement: str, says: str, home: Home) -> None:
    """What was changed or removed while no courier ran is named, and stays named when the trail goes on."""
    live(home, use)
    tamper(home, statement)
    assert says in found(home)
    live(home, lambda rooms: ask(rooms, text="Next?"))
    assert says in found(home)


def test_entries_that_are_removed_under_a_courier(home: Home) -> None:
    """It goes on with the next number: what is missing in between is missed."""

    async def work(rooms: Rooms) -> None:
        use(rooms)
        rooms.trail.keep()
        tamper(home, "DELETE FROM audit WHERE seq > 5")
        ask(rooms, text="Next?")

    run(home, work)
    assert "entries 6 to 8 are missing" in found(home)


def test_a_head_that_is_lost_or_made_up(home: Home) -> None:
    """Both are on record for good: the next head hides nothing."""
    live(home, use)
    home.audit_head.unlink()
    live(home, ask_next)
    assert "entry 9: the head of the trail was lost before this entry" in found(home)
    home.audit_head.write_text(json.dumps({"seq": 2, "sha256": "made up"}))
    assert any("knew another entry 2" in fault for fault in found(home))


def ask_next(rooms: Rooms) -> None:
    """One question more."""
    ask(rooms, text="Next?")


def test_questions_from_before_there_was_a_trail(home: Home) -> None:
    """They are taken as they stand, and guarded from then on."""
    live(home, use)
    tamper(home, "DELETE FROM audit")
    home.audit_head.unlink()
    assert found(home) == []
    tamper(home, "UPDATE question SET decision = replace(decision, 'bob', 'eve')")
    assert found(home) == ["question q-Deploy?: its decision was changed in the ledger"]


def test_an_answer_that_an_older_courier_entered_before_it_was_killed(home: Home) -> None:
    """It had not decided yet: when the answer is brought again, it does."""
    answer = said("bob", at=datetime.now(UTC) + timedelta(seconds=1))

    def enter(rooms: Rooms) -> None:
        ask(rooms, need=2)
        rooms.ledger.reply("q-Deploy?", "ci", said("carol", reference="2"))
        rooms.store.execute(
            "INSERT INTO reply (question, channel, reference, body) VALUES (?, 'ci', '1', ?)",
            *("q-Deploy?", json.dumps(answer.to_json())),
        )

    def bring(rooms: Rooms) -> None:
        rooms.ledger.reply("q-Deploy?", "ci", answer)
        assert (rooms.replied, rooms.ended[0].by) == ([], ("carol", "bob"))

    live(home, enter)
    tamper(home, "DELETE FROM audit")
    home.audit_head.unlink()
    live(home, bring)


def test_pages(home: Home) -> None:
    """However long it is, everything is read, in order, in parts that fit the line."""

    async def fill() -> None:
        async with opened(home) as rooms:
            for number in range(1100):
                with rooms.store.transaction():
                    rooms.trail.add("outcome", "q", outcome="x" * (number % 7) * 500)
            seen, after = [], 0
            while after is not None:
                page = trail_page(rooms.store, rooms.trail, after)
                seen += [row["seq"] for row in page["rows"]]
                assert len(json.dumps(page)) < 1_100_000
                after = page["next"]
            assert seen == list(range(1, 1101))
            rooms.accept(Message(title="x"))
            (delivery,) = delivery_page(rooms.store, 0)["rows"]
            assert (delivery["title"], delivery["kind"], delivery["link"]) == ("x", "post", None)

    asyncio.run(fill())
