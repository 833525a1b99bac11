from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import nbalert
from nbalert.asked import Asked
from nbalert.asking import put
from nbalert.courier.listening import Listening
from nbalert.home import Home
from nbalert.line import Line
from nbalert.message import Message
from nbalert.process import client
from nbalert.question import Decision, Outcome, Question
from nbalert.terms import Terms
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run
from tests.courier.test_agenda import asked
from tests.courier.test_audit import tamper
from tests.courier.test_ledger import consume, said
from tests.courier.test_listening import asked as asked_on
from tests.courier.test_listening import project
from tests.inboxes import Inbox, question, reply
from tests.person import Person

# ---- at the store

Work = Callable[[Rooms], object]


def lives(home: Home, *works: Work) -> None:
    """Each in a courier's life of its own."""
    for work in works:

        async def one(rooms: Rooms, work: Work = work) -> None:
            work(rooms)

        run(home, one)


def ask(rooms: Rooms) -> None:
    """The question that is attacked."""
    rooms.accept(Message(title=question().text, question=question()))


def cannot_be_used(rooms: Rooms) -> None:
    """Whatever its row says, nothing runs."""
    with contextlib.suppress(ValueError):
        assert not consume(rooms, question())
    row = rooms.store.row("SELECT consumed_by FROM question")
    assert row is not None
    assert row["consumed_by"] is None


def forged(**other: Any) -> str:
    """An approval as it would stand in a row, for SQL."""
    decision = Decision(
        question_id=question().id, outcome=Outcome.APPROVED, decided_at=question().asked_at, by=("bob",)
    )
    return json.dumps({**decision.to_json(), **other})


def test_an_approval_that_is_written_into_the_table(home: Home) -> None:
    """An open question, and one that was rejected, are approved by hand: nothing runs."""
    lives(home, ask)
    tamper(home, f"UPDATE question SET outcome = 'approved', decision = '{forged()}'")
    lives(home, cannot_be_used)
    tamper(home, "UPDATE question SET outcome = NULL, decision = NULL")
    lives(home, lambda rooms: rooms.ledger.reply(question().id, "ci", said("bob", "no")))
    tamper(home, f"UPDATE question SET outcome = 'approved', decision = '{forged()}'")
    lives(home, cannot_be_used)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE question SET body = json_set(body, '$.policy.approvers', json_array('mallory'))",
        "UPDATE question SET body = json_set(body, '$.policy.need', 0)",
        "UPDATE question SET body = json_set(body, '$.expires_at', '2999-01-01T00:00:00+00:00')",
        "UPDATE question SET body = json_set(body, '$.code_sha256', 'of other code')",
    ],
)
def test_what_was_asked_is_altered(statement: str, home: Home) -> None:
    """Approvers, number, end or code: the next answer ends the question with an error."""

    def answer(rooms: Rooms) -> None:
        rooms.ledger.reply(question().id, "ci", said("mallory"))
        assert [decision.sentence for decision in rooms.ended] == [
            "error: the record of this question was changed after it was asked"
        ]
        cannot_be_used(rooms)

    lives(home, ask)
    tamper(home, statement)
    lives(home, answer)


def test_code_is_exchanged_after_the_approval(home: Home) -> None:
    """The approval is for the code that was asked about, also where the row says otherwise."""
    lives(home, ask, lambda rooms: rooms.ledger.reply(question().id, "ci", said("bob")))
    tamper(home, "UPDATE question SET body = json_set(body, '$.code_sha256', 'of other code')")

    def use(rooms: Rooms) -> None:
        with pytest.raises(ValueError, match="was changed after it was asked"):
            consume(rooms, question(), code_sha256="of other code")
        cannot_be_used(rooms)

    lives(home, use)


def test_an_answer_that_is_written_into_the_table(home: Home) -> None:
    """It is no voice: what is on record counts."""
    lives(home, ask)
    values = f"'{question().id}', 'ci', '9', '{json.dumps(said('bob').to_json())}'"
    tamper(home, f"INSERT INTO reply (question, channel, reference, body) VALUES ({values})")

    def answer(rooms: Rooms) -> None:
        rooms.ledger.reply(question().id, "ci", said("mallory"))
        assert rooms.ended == []

    lives(home, answer)


def test_an_end_that_is_taken_off_the_agenda(home: Home) -> None:
    """The question may stay open, but nobody can approve it after its time."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        one = asked(rooms, clock)
        rooms.store.execute("DELETE FROM due")
        clock.go_on(3600)
        rooms.ledger.reply(one.id, "ci", said("bob", at=clock.now()))
        assert rooms.ended == []
        assert [why for _, why in rooms.voided] == ["the time of this question is up"]

    run(home, work, clock)


def test_a_copied_store(home: Home, tmp_path: Path) -> None:
    """An approval that is copied before it is used: no process at the copy can use it, the asker can."""
    lives(home, ask, lambda rooms: rooms.ledger.reply(question().id, "ci", said("bob")))
    shutil.copytree(home.root, tmp_path / "copy")
    copy = Home(tmp_path / "copy", tmp_path / "copy" / "nbalert.toml")

    def elsewhere(rooms: Rooms) -> None:
        assert not consume(rooms, question(), origin="a process at the copy")
        cannot_be_used_by_others(rooms)

    lives(copy, elsewhere)
    lives(home, lambda rooms: consume(rooms, question()))
    lives(home, cannot_be_used_by_others)


def cannot_be_used_by_others(rooms: Rooms) -> None:
    """Not by another process, run or code."""
    for other in ({"origin": "x"}, {"run": "x"}, {"code_sha256": "x"}):
        assert not consume(rooms, question(), **other)


# ---- by answers


def test_an_answer_to_another_question(home: Home, tmp_path: Path) -> None:
    """Two questions stand in one chat: whoever approves one has not approved the other."""
    with Inbox(tmp_path) as inbox:

        async def work(rooms: Rooms) -> None:
            rooms.projects.learn(project(inbox))
            listening = Listening(rooms.projects, rooms.ledger)
            posted = await asked_on(rooms)
            listening.start(posted)
            other = question("Deploy?")
            stands = rooms.accept(Message(title=other.text, question=other))
            await rooms.until(lambda: stands in rooms.settled)
            reference = json.loads(rooms.row(stands)["receipt"])["reference"]
            bob = inbox.person("bob")
            await asyncio.to_thread(reply, bob, reference, "yes")
            await asyncio.to_thread(reply, bob, posted.receipt.reference, "no")
            await rooms.until(lambda: rooms.ended)
            assert [(d.question_id, d.outcome.value) for d in rooms.ended] == [
                (posted.question.id, "rejected")
            ]
            await listening.aclose()

        run(home, work)


def test_an_answer_from_before_the_question(home: Home) -> None:
    """A yes that stood there already was for something else."""

    async def work(rooms: Rooms) -> None:
        one = question()
        rooms.accept(Message(title=one.text, question=one))
        early = one.asked_at - timedelta(seconds=1)
        rooms.ledger.reply(one.id, "ci", said("bob", at=early))
        assert rooms.ended == []
        assert [why for _, why in rooms.voided] == ["it is older than the question"]

    run(home, work)


# ---- on the line


@contextmanager
def another(home: Home, **hello: Any) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """Another process on the line; says a frame and gives the answer's value, or its error."""
    line = Line.connect(home.socket)
    said = {"do": "hello", "origin": "another", "pid": 1, "notebook": "", "messages": [], "questions": []}
    try:
        line.send({**said, **hello})
        frames = line.frames()

        def request(frame: dict[str, Any]) -> Any:
            line.send({**frame, "id": 1})
            answer = next(frame for frame in frames if frame.get("re") == 1)
            return answer.get("value", answer.get("error"))

        yield request
    finally:
        line.close()


def approved(text: str = "Deploy?") -> tuple[Asked, Decision, dict[str, Any]]:
    """An approved question, its decision, and the frame with which its asker is going to use it."""
    one = put(text, Terms(), code="deploy()")
    with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as bob:
        bob.answer(text, "yes").raise_for_status()
    decision = one.pending.decided.result(20)
    return one, decision, using(one.question)


def using(one: Question) -> dict[str, Any]:
    """What an asker says on the line."""
    return {"do": "consume", "question": one.id, "run": one.run, "code_sha256": one.code_sha256}


def test_a_replayed_frame(home: Home) -> None:
    """The very words of the asker on another line, before and after its own: no."""
    one, decision, frame = approved()
    with another(home) as request:
        assert request(frame) is False
        assert one.settle(decision)
        assert request(frame) is False
        assert "KeyError" in request({"do": "consume", "question": one.question.id, "run": one.question.run})


def test_two_kernels_race_for_one_decision(home: Home) -> None:
    """However many want it at once, only the asker has it."""
    one, decision, frame = approved()

    def race(number: int) -> bool:
        with another(home, origin=f"kernel {number}") as request:
            return any(request(frame) for _ in range(20))

    with ThreadPoolExecutor(9) as pool:
        others = [pool.submit(race, number) for number in range(8)]
        own = pool.submit(one.settle, decision)
        assert bool(own.result()) is True
        assert [other.result() for other in others] == [False] * 8


def test_a_decision_of_an_earlier_ask(home: Home) -> None:
    """It is no decision of the same question asked again, by the same process or by another run."""
    one, decision, _ = approved()
    again = put("Deploy again?", Terms(), code="deploy()")
    assert not again.settle(decision)
    assert one.settle(decision)
    again.cancel("enough")
    with pytest.raises(nbalert.NotApproved):
        nbalert.ask("Deploy a third time?", timeout=1)
