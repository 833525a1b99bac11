"""No question is left open in a chat without a word: whoever goes, somebody closes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbalert.courier.office import ABSENCE_S
from nbalert.home import Home
from nbalert.message import Message
from nbalert.process import client, finish
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run
from tests.courier.test_agenda import asked, timed
from tests.courier.test_urging import learn, quiet, shown
from tests.inboxes import Inbox
from tests.person import Person
from tests.processes import Script, wait_until

LEAVE = """
from nbalert.asking import put
from nbalert.terms import Terms
put("Deploy?", Terms())
print("asked")
input()
"""
HOSTED = 'import os\nos.environ["NBALERT_COURIER"] = "inline"\n' + LEAVE


def person(name: str) -> Person:
    """Somebody at the built-in inbox."""
    return Person(str(client().request({"do": "link", "base": "", "person": name})))


def decided(bob: Person) -> tuple[str, str]:
    """How the question ended, once the chat says so."""
    decision = bob.decision("Deploy?")
    return decision["outcome"], decision["reason"]


@pytest.mark.long
def test_a_process_that_leaves_without_an_answer(home: Home) -> None:
    """It has said goodbye, so it did not die; its question is closed nevertheless."""
    client().request({"do": "status"})
    with Script(LEAVE) as asker, person("bob") as bob:
        assert asker.line() == "asked"
        bob.message("Deploy?")
        asker.tell()
        wait_until(lambda: not client().request({"do": "status"})["questions"], ABSENCE_S + 20)
        assert decided(bob) == ("cancelled", "the process that asked is gone")


@pytest.mark.long
def test_asker_and_courier_die_together(home: Home) -> None:
    """As when a container is killed: the next courier that starts, for whatever reason, closes it."""
    finish()
    with Script(HOSTED) as asker:
        assert asker.line() == "asked"
        asker.kill()
    client().request({"do": "status"})
    with person("bob") as bob:
        assert decided(bob)[0] == "cancelled"


@pytest.mark.parametrize("is_posted", [True, False])
def test_a_network_that_is_gone_beyond_the_end(is_posted: bool, home: Home, tmp_path: Path) -> None:
    """The question ends in time, and the chat learns of it when it can be reached again, by another courier.

    Where it had not arrived yet it is shown as ended, so that nobody answers it.
    """
    clock = HandClock()
    with Inbox(tmp_path) as inbox:

        async def asks(rooms: Rooms) -> None:
            learn(rooms, ci=inbox)
            if not is_posted:
                inbox.stop()
            one = asked(rooms, clock)
            if is_posted:
                await quiet(rooms)
                inbox.stop()
            else:
                (delivery,) = rooms.store.rows("SELECT message FROM delivery")
                await rooms.until(lambda: rooms.row(delivery["message"])["attempts"])
            clock.go_on(3600)
            rooms.agenda.work(rooms.due)
            assert rooms.ended[0].question_id == one.id
            await rooms.until(lambda: not rooms.agenda.due())

        async def comes_back(rooms: Rooms) -> None:
            learn(rooms, ci=inbox)
            rooms.delivery.wake()
            await quiet(rooms)
            message = shown(inbox)["message"]
            assert message["decision"]["outcome"] == "expired"

        run(home, asks, clock)
        inbox.start()
        run(home, comes_back, clock)


def test_a_courier_that_is_killed_before_it_told_the_chat(home: Home, tmp_path: Path) -> None:
    """The decision is in the book with what is owed to the chat: the next courier tells it."""
    clock = HandClock()
    with Inbox(tmp_path) as inbox:

        async def decides(rooms: Rooms) -> None:
            learn(rooms, ci=inbox)
            one = timed(clock)
            rooms.accept(Message(title=one.text, question=one))
            await quiet(rooms)
            rooms.ledger.cancel(one.id, "interrupted")
            assert shown(inbox)["message"]["decision"] is None

        async def tells(rooms: Rooms) -> None:
            learn(rooms, ci=inbox)
            rooms.delivery.wake()
            await quiet(rooms)
            assert shown(inbox)["message"]["decision"]["reason"] == "interrupted"

        run(home, decides, clock)
        run(home, tells, clock)
