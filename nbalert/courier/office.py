"""All rooms of one courier, wired: opened in order, served until told to stop, closed in order."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import logging
import sqlite3
import time
from datetime import UTC, datetime

import httpcore  # noqa: F401 - httpx imports it when a channel is made, and a process may fork just then

from nbalert.clock import Clock
from nbalert.courier import opening
from nbalert.courier.agenda import Agenda
from nbalert.courier.answers import Rooms
from nbalert.courier.attendance import Attendance
from nbalert.courier.audit import Trail
from nbalert.courier.contents import Contents
from nbalert.courier.conversation import Conversation
from nbalert.courier.deaths import Death, Deaths
from nbalert.courier.delivery import Delivery
from nbalert.courier.hosting import Hosting
from nbalert.courier.intake import Intake
from nbalert.courier.judging import Judging
from nbalert.courier.ledger import Hearers, Ledger
from nbalert.courier.listening import Listening, Posted
from nbalert.courier.open_work import is_busy, waiting
from nbalert.courier.progress import Progress
from nbalert.courier.project import Project
from nbalert.courier.projects import OwnInbox, Projects
from nbalert.courier.responding import Responding
from nbalert.courier.rounds import ROUND_S, Rest
from nbalert.courier.routing import Routing
from nbalert.courier.settling import Kept, Settling
from nbalert.courier.store import Store
from nbalert.courier.undelivered import Undelivered
from nbalert.courier.urging import Urging
from nbalert.home import Home
from nbalert.inbox import InboxServer
from nbalert.line import listen
from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.question import Decision, Question
from nbalert.spool import Spool

log = logging.getLogger(__name__)

LOOK_S = 0.05
"""How often it is looked whether all has left, by a courier that ends then."""
ABSENCE_S = 10.0
"""An asker that is off the line for this long is gone: its questions are cancelled."""


class Courier:
    """All rooms of one courier, wired."""

    def __init__(
        self, home: Home, store: Store, inbox: InboxServer, owner: str, mode: str, stop: asyncio.Event
    ) -> None:
        self._stop = stop
        self._home = home
        self._place: opening.Place | None = None
        self._store = store
        self._inbox = inbox
        clock = Clock()
        self._rest = Rest(stop)
        self._agenda = Agenda(store, clock, self._rest.hasten)
        self._trail = Trail(store, home.audit_head, clock)
        self._hosting = Hosting()
        self._attendance = Attendance()
        own = OwnInbox(inbox.url, inbox.lend_token(owner))
        self._projects = Projects(home, own, self._hosting.channel)
        self._delivery = Delivery(
            store,
            self._projects,
            Contents(store, self._agenda),
            Settling(store, self._trail, self._settled, self._kept),
            self._attendance.has_introduced,
            lambda: self._intake.route(),
        )
        self._undelivered = Undelivered(store, self._delivery, inbox)
        self._responding = Responding(store, self._projects)
        hearers = Hearers(reply=self._replied, end=self._ended, void=self._responding.tell)
        self._ledger = Ledger(store, self._delivery, self._trail, self._agenda, clock, hearers)
        urging = Urging(store, self._delivery, self._trail, self._agenda)
        self._due = {"end": self._ledger.expire, "remind": urging.remind, "escalate": urging.escalate}
        self._listening = Listening(self._projects, self._ledger)
        self._deaths = Deaths(self._died)
        spool = Spool(home.spool)
        self._judging = Judging(store, self._delivery, self._projects, clock)
        inbox.silence_by(self._judging.silences)
        routing = Routing(
            store, self._delivery, self._projects, self._judging, self._attendance.has_introduced
        )
        self._progress = Progress(
            store, self._delivery, self._projects, self._attendance, self._is_gone, clock
        )
        self._intake = Intake(
            spool, store, self._delivery, self._ledger, routing, self._progress, self._silent
        )
        self._conversation = Conversation(
            Rooms(
                home=home,
                store=store,
                trail=self._trail,
                spool=spool,
                projects=self._projects,
                attendance=self._attendance,
                deaths=self._deaths,
                hosting=self._hosting,
                delivery=self._delivery,
                ledger=self._ledger,
                listening=self._listening,
                intake=self._intake,
                undelivered=self._undelivered,
                judging=self._judging,
                inbox=inbox,
                owner=owner,
                mode=mode,
                stop=stop.set,
            )
        )
        self._line: asyncio.AbstractServer | None = None

    @classmethod
    async def open(cls, home: Home, mode: str, stop: asyncio.Event) -> Courier:
        """Open store, inbox and line, and take up what an earlier courier left.

        Args:
            mode: What status says of it.
            stop: Ends `serve`.
        """
        owner = getpass.getuser()
        store = opening.opened_store(home)
        inbox: InboxServer | None = None
        try:
            inbox = await opening.served_inbox(home, owner)
            courier = cls(home, store, inbox, owner, mode, stop)
            courier._line = await listen(home.socket, courier._conversation.hold)
            courier._place = opening.place_of(home.socket)
            opening.tell_of_files_aside(home, inbox)
        except BaseException:
            if inbox:
                await inbox.stop()
            store.close()
            if opening.set_aside_damaged(home, store, inbox):
                return await cls.open(home, mode, stop)
            raise
        courier._resume()
        return courier

    async def serve_once(self, project: Project, limit_s: float) -> None:
        """Take the spool, send what is due, and end; what cannot be sent in time waits on.

        Args:
            project: Settings that this process has.
            limit_s: Seconds.
        """
        self._delivery.renew(project.key, self._projects.learn(project))
        deadline = time.monotonic() + limit_s
        while True:
            self._round()
            if self._stop.is_set() or not waiting(self._store) or time.monotonic() > deadline:
                return
            await asyncio.sleep(LOOK_S)

    async def serve(self, idle_end_s: float | None) -> None:
        """Do what falls due until told to stop, or idle; the rest happens when somebody calls.

        Args:
            idle_end_s: How long nobody is on the line and nothing is open before it ends; None is for ever.
        """
        busy_at = time.monotonic()
        while not (self._stop.is_set() or self.is_damaged) and self._is_reachable():
            pause_s = ROUND_S
            try:
                if not self._is_idle():
                    busy_at = time.monotonic()
                elif idle_end_s is not None and time.monotonic() - busy_at >= idle_end_s:
                    return
                pause_s = self._round()
            except Exception:  # a full disk gets room again, and the next round finds it
                log.exception("a round of the courier failed")
            await self._rest.take(pause_s)

    @property
    def is_damaged(self) -> bool:
        """Whether a file was found damaged at work: it ends, and another courier begins with a new one."""
        return self._store.is_damaged or self._inbox.is_damaged

    def _is_reachable(self) -> bool:
        """Whether the line still leads here. A home that was removed, or begun anew, has another courier."""
        return opening.place_of(self._home.socket) == self._place

    def _is_idle(self) -> bool:
        """Nobody is there, nothing waits, nothing is asked or gathered."""
        return not (any(self._attendance) or is_busy(self._store))

    def _round(self) -> float:
        """Seconds until the next one."""
        self._intake.take()
        self._judging.silences.work()
        digests_s = self._judging.digests.work(self._intake.insert)
        due_s = [self._agenda.work(self._due), self._progress.work(), digests_s]
        self._deaths.give_up(self._is_gone)
        self._cancel_abandoned()
        return max(0.0, min(ROUND_S, *(ROUND_S if seconds is None else seconds for seconds in due_s)))

    async def aclose(self) -> None:
        """End in order: no new work, no half work, then the files."""
        if self._line:
            self._line.close()
        self._deaths.close()
        self._intake.close()
        await self._conversation.aclose()
        await self._listening.aclose()
        await self._responding.aclose()
        await self._delivery.aclose()
        for presence in self._attendance:  # not before: a process may be working a delivery
            presence.peer.close()
        await self._projects.aclose()
        await self._inbox.stop()
        with contextlib.suppress(sqlite3.Error):
            self._trail.keep()
        self._store.close()
        opening.set_aside_damaged(self._home, self._store, self._inbox)

    def _resume(self) -> None:
        for question, _ in self._ledger.open_questions():
            found = self._store.row("SELECT message FROM question WHERE id = ?", question)
            if found:
                self._listen(found["message"])
        self._delivery.wake()

    def _listen(self, message: str) -> None:
        """Listen wherever the message's open question stands; end it if it stands nowhere and will not."""
        found = self._store.row(
            "SELECT id, body FROM question WHERE message = ? AND decision IS NULL", message
        )
        if not found:
            return
        posts = self._store.rows(
            "SELECT * FROM delivery WHERE message = ? AND kind = 'post' ORDER BY seq", message
        )
        question = Question.from_json(json.loads(found["body"]))
        for post in posts:
            if post["receipt"]:
                receipt = Receipt.from_json(json.loads(post["receipt"]))
                entered_at = datetime.fromtimestamp(post["settled_at"], UTC)
                self._listening.start(Posted(question, post["project"], post["channel"], receipt, entered_at))
        if all(post["state"] == "failed" for post in posts):
            self._ledger.fail(question.id, "; ".join(post["error"] for post in posts))

    def _settled(self, message: str, is_question: bool, is_failed: bool) -> None:
        if is_question:
            self._listen(message)
        self._conversation.settled(message)
        if is_failed:
            self._undelivered.look(message)

    def _silent(self, message: str) -> None:
        self._conversation.settled(message)

    def _kept(self, kept: Kept) -> None:
        self._conversation.kept(kept.project, kept.awaited, kept.reason)
        for message in kept.messages:
            self._undelivered.look(message)

    def _replied(self, origin: str, question: str, reply: Reply) -> None:
        self._conversation.replied(origin, question, reply)

    def _ended(self, origin: str, decision: Decision) -> None:
        self._conversation.ended(origin, decision)  # before all else: a cell waits for it
        self._listening.end(decision.question_id)

    def _died(self, death: Death) -> None:
        presence = death.presence
        log.warning("process %s died, %s cell(s) ran", presence.pid, len(presence.runs))
        presence.peer.close()  # something that it has started may hold its end open
        self._intake.take()  # what it wrote last: how its cells and bodies ended
        for entry, data in death.entries:
            if not self._progress.is_over(data["run"]):
                self._intake.enter(entry, data)
        for question, origin in self._ledger.waited_for():
            if origin == presence.origin:
                self._ledger.cancel(question, "the kernel that asked has died")
        self._ledger.orphan(presence.origin)
        self._delivery.wake()

    def _cancel_abandoned(self) -> None:
        for question, origin in self._ledger.waited_for():
            if self._is_gone(origin):
                self._ledger.cancel(question, "the process that asked is gone")

    def _is_gone(self, origin: str) -> bool:
        return self._attendance.away_s(origin) > ABSENCE_S
