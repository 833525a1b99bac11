"""Growth in kind, not time: what an alert or an ask takes does not depend on how much there was before.

The speed of a machine decides nothing here: statements, steps of SQLite's machine, requests, files and
threads are counted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from nbalert.courier.open_work import is_busy, waiting
from nbalert.courier.past import Wanted, channels_told, history
from nbalert.courier.records import book_page, delivery_page, trail_page
from nbalert.courier.report import status
from nbalert.home import Home
from nbalert.inbox.archive import Archive
from nbalert.inbox.finding import Filters
from nbalert.message import Message
from nbalert.policy import Reply
from nbalert.testing.questions import question
from tests.benchmarks.statements import Meter, metered
from tests.benchmarks.stored import fill, lengthen
from tests.chat_servers.webhook import Webhook
from tests.courier import rooms
from tests.courier.rooms import Rooms

FEW, MANY = 6_000, 60_000
STATEMENTS = 21
"""Of an alert from the spool until its channel has it, with what triggers look up."""
FACTOR, SLACK = 1.5, 200
"""What is searched in a tree or put into one takes a few steps more in a larger one."""


def alerted(number: int) -> Callable[[Rooms], Awaitable[None]]:
    """So many alerts, each delivered before the next."""

    async def work(room: Rooms) -> None:
        for n in range(number):
            message = room.accept(Message(title=f"alert {n}"))
            await room.until(lambda message=message: message in room.settled)  # type: ignore[misc]

    return work


async def asked(room: Rooms) -> None:
    """A question is put, answered, used and closed; another one is cancelled; then its process dies."""
    first, second = question("Deploy?", id=uuid4().hex), question("Drop?", id=uuid4().hex)
    for put in (first, second):
        room.accept(Message(title=put.text, question=put))
    reply = Reply(reference="1", person="bob", text="approve", at=datetime.now(UTC))
    room.ledger.reply(first.id, "ci", reply)
    assert room.ledger.consume(first.id, first.run, first.code_sha256, "o")
    room.ledger.orphan("o")
    room.ledger.cancel(second.id, "it is not needed any more")
    assert [one.outcome for one in room.ended] == ["approved", "cancelled"]


async def looked(room: Rooms) -> None:
    """A round of the courier with nothing to do, ten times; then status and history are looked at."""
    for _ in range(10):
        room.intake.take()
        room.judging.silences.work()
        room.judging.digests.work(room.intake.insert)
        room.agenda.work(room.due)
        room.progress.work()
        assert room.ledger.waited_for() == []
        assert not is_busy(room.store)
        assert waiting(room.store) == 0


def read(home: Home) -> Callable[[Rooms], Awaitable[None]]:
    """Status, history and the pages of the audit trail."""

    async def work(room: Rooms) -> None:
        status(home, room.store, room.spool, room.attendance)
        assert len(history(room.store, Wanted(20))) == 20
        for one in ({"notebook": "3.ipynb"}, {"level": "OK"}, {"channel": "ci"}, {"within_s": 60.0}):
            history(room.store, Wanted(20)._replace(**one))
        for state in ("delivered", "waiting", "undelivered", "asked"):
            history(room.store, Wanted(20, state=state))
        channels_told(room.store)
        room.judging.silences.active()
        trail_page(room.store, room.trail, 0)
        book_page(room.store, "")
        delivery_page(room.store, 0)

    return work


def steps(home: Home, work: Callable[[Rooms], Awaitable[None]]) -> Meter:
    """What the store has to do for it, by statement."""
    meters = []

    async def watched(room: Rooms) -> None:
        with Webhook() as server:
            room.learn(server.url)
            await alerted(1)(room)
            with metered(room.store._db) as meter:
                await work(room)
        meters.append(meter)

    rooms.run(home, watched)
    return meters[0]


@pytest.mark.parametrize("name", ["alerts", "asks", "rounds", "readers"])
def test_the_store_does_not_slow_down(home: Home, name: str) -> None:
    """With ten times the history each statement takes the same steps, and there are no more of them."""
    work = {"alerts": alerted(10), "asks": asked, "rounds": looked, "readers": read(home)}[name]
    lengthen(home.store, FEW)
    before = steps(home, work)
    lengthen(home.store, MANY)
    after = steps(home, work)
    assert after.grown(before, FACTOR, SLACK) == {}
    assert after.statements.keys() <= before.statements.keys()


def test_statements_of_an_alert(home: Home) -> None:
    """Each alert takes the same statements, however many went before, and few of them."""
    ten, forty = (steps(home, alerted(number)).statements.total() for number in (10, 40))
    assert forty == 4 * ten
    assert ten <= 10 * STATEMENTS


def handled(archive: Archive) -> None:
    """What a sender and a reader do with an inbox: messages come, change, are answered, read and searched."""
    for n in range(3):
        id_ = archive.post("s", uuid4().hex, Message(title=f"Deploy {n}?", question=question()))
        assert archive.update("s", id_, Message(title=f"Deploy {n} now?", question=question()))
        entry = archive.entry(id_)
        assert entry
        answer = archive.reply(entry, "bob", "approve", "button")
        assert archive.replies_after("s", int(answer.reference) - 1, 20)
        assert archive.respond("s", id_, answer.reference, "too late")
        assert archive.remind("s", id_, "1", "Deploy?", ["bob"])
        archive.see("bob", entry.number)
    assert len(archive.before(None, 50)) == len(archive.changed(archive.last_change - 100, 50)) == 50
    assert archive.open(5)
    for filters in (Filters(words="trai"), Filters(level="OK"), Filters(words="loss", person="ann")):
        assert len(archive.before(None, 50, filters)) == 50
    assert archive.names()["notebooks"]


def test_the_inbox_does_not_slow_down(tmp_path: Path) -> None:
    """With ten times the messages each statement takes the same steps, and there are no more of them."""
    meters = []
    for size in (MANY // 60, MANY // 6):
        fill(tmp_path / "home" / "inbox.db", size)
        with closing(Archive(tmp_path / "home" / "inbox.db")) as archive, metered(archive._database) as meter:
            handled(archive)
        meters.append(meter)
    before, after = meters
    assert after.grown(before, FACTOR, SLACK) == {}
    assert after.statements.keys() <= before.statements.keys()
