from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbalert.courier.project import Project
from nbalert.home import Home
from nbalert.message import Message
from nbalert.policy import Policy
from tests.chat_servers.webhook import Webhook
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run
from tests.courier.test_agenda import asked
from tests.courier.test_ledger import said
from tests.inboxes import Inbox

TITLE = "Drop table users?"
ID = f"q-{TITLE}"


def table(inbox: Inbox) -> dict[str, Any]:
    """A channel: a team's inbox."""
    return {"kind": "inbox", "url": inbox.url, "token": inbox.server.sender_token("courier")}


def learn(rooms: Rooms, **inboxes: Inbox) -> None:
    """A process of the project brings its channels; each is an inbox."""
    channels = {name: table(inbox) for name, inbox in inboxes.items()}
    rooms.projects.learn(Project("p", "ci", channels))
    rooms.delivery.renew("p", frozenset(channels))


def shown(inbox: Inbox, person: str = "carol") -> dict[str, Any]:
    """The one message of an inbox, as somebody sees it."""
    (view,) = inbox.person(person).get("/api/messages?limit=9").raise_for_status().json()["messages"]
    return dict(view)


def kinds(rooms: Rooms, question: str) -> list[str]:
    """What is on record of a question, in order."""
    rows = rooms.store.rows("SELECT kind FROM audit WHERE question = ? ORDER BY seq", question)
    return [row["kind"] for row in rows]


async def quiet(rooms: Rooms) -> None:
    """Wait until nothing waits to be delivered."""
    await rooms.until(lambda: not rooms.store.rows("SELECT 1 FROM delivery WHERE state = 'waiting'"))


def test_a_reminder(home: Home, tmp_path: Path) -> None:
    """It says how long is left and calls who can still answer, once, also over a restart."""
    clock = HandClock()
    with Inbox(tmp_path) as inbox:

        async def before(rooms: Rooms) -> None:
            learn(rooms, ci=inbox)
            one = asked(rooms, clock, need=2, approvers=("bob", "carol", "dave"))
            await quiet(rooms)
            rooms.ledger.reply(one.id, "ci", said("bob", at=clock.now()))
            clock.go_on(3010)
            rooms.agenda.work(rooms.due)

        async def after(rooms: Rooms) -> None:
            learn(rooms, ci=inbox)
            for _ in range(2):
                rooms.agenda.work(rooms.due)
                rooms.delivery.wake()
                await quiet(rooms)
            (reminder,) = shown(inbox)["reminders"]
            assert reminder["title"] == f"9 min 50 s left to decide: {TITLE}"
            mine = [shown(inbox, who)["reminders"][0]["is_mine"] for who in ("bob", "carol", "dave")]
            assert mine == [False, True, True]
            assert kinds(rooms, ID) == ["asked", "posted", "reply", "reminded"]

        run(home, before, clock)
        run(home, after, clock)


def test_no_reminder_of_what_has_ended(home: Home, tmp_path: Path) -> None:
    """Also where the reminder was on its way already, and waited for its channel."""
    clock = HandClock()
    with Inbox(tmp_path) as inbox:

        async def before(rooms: Rooms) -> None:
            learn(rooms, ci=inbox)
            asked(rooms, clock)
            await quiet(rooms)

        async def after(rooms: Rooms) -> None:
            clock.go_on(3010)
            rooms.agenda.work(rooms.due)
            rooms.ledger.cancel(ID, "interrupted")
            learn(rooms, ci=inbox)
            await quiet(rooms)
            assert rooms.agenda.due() == []
            assert shown(inbox)["reminders"] == []
            assert shown(inbox)["message"]["decision"]["outcome"] == "cancelled"
            assert kinds(rooms, ID) == ["asked", "posted", "decision"]

        run(home, before, clock)
        run(home, after, clock)


def test_an_escalation(home: Home, tmp_path: Path) -> None:
    """Undecided for long, it is asked elsewhere by that channel's policy, and the first channel is told.

    An answer from there settles it everywhere; the people of one channel have no voice on the other.
    """
    clock = HandClock()
    options = {"policies": {"oncall": Policy(approvers=("eve",))}, "escalate_to": "oncall"}
    with Inbox(tmp_path / "team") as team, Inbox(tmp_path / "oncall") as oncall:

        async def work(rooms: Rooms) -> None:
            learn(rooms, ci=team, oncall=oncall)
            one = asked(rooms, clock, None, escalate_after_s=900.0, **options)
            await quiet(rooms)
            clock.go_on(899)
            assert rooms.agenda.work(rooms.due) == 1.0
            assert oncall.person("eve").get("/api/messages?limit=9").json()["messages"] == []
            clock.go_on(1)
            for _ in range(2):
                rooms.agenda.work(rooms.due)
                await quiet(rooms)
            assert shown(oncall, "eve")["message"]["question"]["policy"]["approvers"] == ["eve"]
            (told,) = shown(team)["reminders"]
            assert told["title"] == f"Nobody has decided yet, so oncall is asked as well: {TITLE}"
            rooms.ledger.reply(one.id, "ci", said("eve", reference="1", at=clock.now()))
            rooms.ledger.reply(one.id, "oncall", said("bob", reference="2", at=clock.now()))
            assert [why for _, why in rooms.voided] == ["you are not an approver of this question"] * 2
            assert rooms.ended == []
            rooms.ledger.reply(one.id, "oncall", said("eve", reference="3", at=clock.now()))
            await rooms.until(lambda: shown(oncall)["message"]["decision"])
            await quiet(rooms)
            assert [shown(inbox)["message"]["decision"]["by"] for inbox in (team, oncall)] == [["eve"]] * 2
            assert kinds(rooms, ID)[:3] == ["asked", "posted", "escalated"]

        run(home, work, clock)


def test_what_has_ended_is_not_escalated(home: Home) -> None:
    """Nobody is called out of bed for a question that is decided."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        one = asked(rooms, clock, None, escalate_to="oncall", escalate_after_s=900.0)
        rooms.ledger.reply(one.id, "ci", said("bob", at=clock.now()))
        clock.go_on(1000)
        assert rooms.agenda.work(rooms.due) is None
        assert [row["channel"] for row in rooms.store.rows("SELECT channel FROM delivery")] == ["ci", "ci"]

    run(home, work, clock)


def test_an_approval_that_is_not_used(home: Home, tmp_path: Path) -> None:
    """Interrupted in the same instant: it lets nothing run, and whoever approved is told so in chat."""
    clock = HandClock()
    with Inbox(tmp_path) as inbox:

        async def work(rooms: Rooms) -> None:
            learn(rooms, ci=inbox)
            one = asked(rooms, clock)
            await quiet(rooms)
            rooms.ledger.reply(one.id, "ci", said("bob", at=clock.now()))
            assert rooms.ledger.waited_for() == [(one.id, "o")]
            for _ in range(2):
                rooms.spool.put({"kind": "cancel", "question": one.id, "reason": "interrupted"})
            rooms.intake.take()
            await quiet(rooms)
            (told,) = shown(inbox)["reminders"]
            assert told["title"] == f"{TITLE}: did not run: interrupted"
            assert not rooms.ledger.consume(one.id, one.run, one.code_sha256, "o")
            assert rooms.ledger.waited_for() == []
            assert kinds(rooms, ID) == ["asked", "posted", "reply", "decision", "outcome", "reminded"]

        run(home, work, clock)


def test_alerts_have_no_entries(home: Home) -> None:
    """The trail is about questions."""

    async def work(rooms: Rooms) -> None:
        with Webhook() as server:
            rooms.learn(server.url)
            rooms.accept(Message(title="x"))
            await quiet(rooms)
            assert rooms.trail.head.seq == 0
            assert json.loads(home.audit_head.read_text())["seq"] == 0

    run(home, work)
