"""Rooms of a real courier for tests: a real store, real projects, on the test's own loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from nbalert.clock import Clock
from nbalert.courier.agenda import Agenda
from nbalert.courier.attendance import Attendance
from nbalert.courier.audit import Trail
from nbalert.courier.contents import Contents
from nbalert.courier.delivery import Delivery
from nbalert.courier.hosting import Hosting
from nbalert.courier.intake import Intake
from nbalert.courier.judging import Judging
from nbalert.courier.ledger import Hearers, Ledger
from nbalert.courier.progress import Progress
from nbalert.courier.project import Project
from nbalert.courier.projects import OwnInbox, Projects
from nbalert.courier.responding import Responding
from nbalert.courier.routing import Routing
from nbalert.courier.settling import Settling
from nbalert.courier.store import Store
from nbalert.courier.urging import Urging
from nbalert.home import Home
from nbalert.message import Message
from nbalert.policy import Reply
from nbalert.question import Decision
from nbalert.spool import Spool


class Rooms:
    """Store, spool, projects, delivery, ledger and intake, wired as the office does."""

    def __init__(self, home: Home, clock: Clock | None = None) -> None:
        self.settled: list[str] = []
        self.replied: list[Reply] = []
        self.ended: list[Decision] = []
        self.voided: list[tuple[Reply, str]] = []
        self.clock = clock or Clock()
        self.store = Store(home.store)
        self.hastened: list[float] = []
        self.agenda = Agenda(self.store, self.clock, self.hastened.append)
        self.trail = Trail(self.store, home.audit_head, self.clock)
        self.spool = Spool(home.spool)
        self.hosting = Hosting()
        self.projects = Projects(home, OwnInbox("http://127.0.0.1:9", "token"), self.hosting.channel)
        self.strangers: set[str] = set()
        self.gone: set[str] = set()
        self.kept: list[tuple[list[str], str]] = []
        self.contents = Contents(self.store, self.agenda)
        self.settling = Settling(
            self.store,
            self.trail,
            lambda message, is_question, is_failed: self.settled.append(message),
            lambda kept: self.kept.append((kept.awaited, kept.reason)),
        )
        self.delivery = Delivery(
            self.store,
            self.projects,
            self.contents,
            self.settling,
            lambda origin: origin not in self.strangers,
            lambda: self.intake.route(),
        )
        self.responding = Responding(self.store, self.projects)
        hearers = Hearers(
            reply=lambda origin, question, reply: self.replied.append(reply),
            end=lambda origin, decision: self.ended.append(decision),
            void=self._void,
        )
        self.ledger = Ledger(self.store, self.delivery, self.trail, self.agenda, self.clock, hearers)
        urging = Urging(self.store, self.delivery, self.trail, self.agenda)
        self.due = {"end": self.ledger.expire, "remind": urging.remind, "escalate": urging.escalate}
        self.judging = Judging(self.store, self.delivery, self.projects, self.clock)
        self.silences, self.digests = self.judging.silences, self.judging.digests
        routing = Routing(
            self.store,
            self.delivery,
            self.projects,
            self.judging,
            lambda origin: origin not in self.strangers,
        )
        self.attendance = Attendance()
        self.progress = Progress(
            *(self.store, self.delivery, self.projects, self.attendance),
            lambda origin: origin in self.gone,
            self.clock,
        )
        self.intake = Intake(
            self.spool, self.store, self.delivery, self.ledger, routing, self.progress, self.settled.append
        )

    def _void(self, question: str, reply: Reply, why: str) -> None:
        self.voided.append((reply, why))
        self.responding.tell(question, reply, why)

    def learn(self, url: str, **values: Any) -> frozenset[str]:
        """A process of the project `p` brings its webhook `ci`."""
        table = {"kind": "webhook", "url": url, **values}
        changed = self.projects.learn(Project("p", "ci", {"ci": table}, limits={"ci": values}))
        self.delivery.renew("p", changed)
        return changed

    def accept(self, message: Message, *channels: str, origin: str = "o") -> str:
        """Into the spool and out of it; the message's id."""
        data = {"kind": "message", "origin": origin, "project": "p", "message": message.to_json()}
        entry = self.spool.put({**data, "channels": channels or ["ci"]})
        self.intake.take()
        return entry

    def row(self, message: str) -> sqlite3.Row:
        """The delivery of a message."""
        row = self.store.row("SELECT * FROM delivery WHERE message = ? AND kind = 'post'", message)
        assert row is not None
        return row

    async def until(self, is_so: Callable[[], object], timeout_s: float = 20) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(timeout_s):
            while not is_so():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(home: Home, clock: Clock | None = None) -> AsyncIterator[Rooms]:
    """Rooms until the end of the block."""
    rooms = Rooms(home, clock)
    try:
        yield rooms
    finally:
        await rooms.responding.aclose()
        await rooms.delivery.aclose()
        await rooms.projects.aclose()
        rooms.trail.keep()
        rooms.store.close()


def run(home: Home, work: Callable[[Rooms], Awaitable[object]], clock: Clock | None = None) -> None:
    """Do something with rooms."""

    async def with_rooms() -> None:
        async with opened(home, clock) as rooms:
            await work(rooms)

    asyncio.run(with_rooms())
