"""What the courier says to the processes on the line, and what it does at their word."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from nbalert.build import current_build
from nbalert.courier.answers import Rooms, answers
from nbalert.courier.attendance import Presence
from nbalert.courier.later import Later
from nbalert.courier.project import Project
from nbalert.courier.trials import Trials
from nbalert.line import PROTOCOL, Frame, Peer
from nbalert.policy import Reply
from nbalert.question import Decision

log = logging.getLogger(__name__)


class Conversation:
    """Answers frames of kernels, and pushes what became of their messages and questions."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._build = current_build()  # of what is imported by now, whatever changes on disk later
        self._answers = answers(rooms)
        trials = Trials(rooms.projects)
        self._slow_answers: dict[str, Callable[[Frame], Coroutine[Any, Any, Any]]] = {
            "problems": trials.problems,
            "try": trials.draft,
            "members": trials.members,
        }
        self._later = Later()

    async def aclose(self) -> None:
        """Stop what is being worked out for somebody."""
        await self._later.aclose()

    async def hold(self, peer: Peer) -> None:
        """Talk with one process until it goes."""
        presence: Presence | None = None
        try:
            async for frame in peer.frames():
                try:
                    if frame.get("do") == "hello":
                        presence = _presence(peer, frame)
                        self._greet(presence, frame)
                    elif presence is not None:
                        self._hear(presence, frame)
                except Exception:  # neither a bad frame nor a full disk may cost the line
                    log.exception("a frame of process %s failed", presence.pid if presence else "?")
        finally:
            if presence:
                self._later.leave(peer)
                self._rooms.attendance.leave(presence)
                self._rooms.hosting.leave(presence)
                self._rooms.deaths.leave(presence)

    def settled(self, message: str) -> None:
        """A post of the message has ended; tell its sender once none waits."""
        if frame := self._settled_frame(message):
            row = self._rooms.store.row("SELECT origin FROM message WHERE id = ?", message)
            self._rooms.attendance.tell(row["origin"] if row else "", frame)

    def kept(self, project: str, messages: Sequence[str], reason: str) -> None:
        """These wait until the settings are mended: tell their senders, and ask for the settings of now.

        A secret that is rotated where no process looks, in a file or a keyring, is found so.
        """
        for message in messages:
            row = self._rooms.store.row("SELECT origin FROM message WHERE id = ?", message)
            frame = {"event": "kept", "message": message, "reason": reason}
            self._rooms.attendance.tell(row["origin"] if row else "", frame)
        for presence in self._rooms.attendance:
            if presence.project == project:
                presence.peer.send({"event": "introduce"})

    def replied(self, origin: str, question: str, reply: Reply) -> None:
        """Show an answer to the asker, whether it decides or not."""
        frame = {"event": "reply", "question": question, "reply": reply.to_json()}
        self._rooms.attendance.tell(origin, frame)

    def ended(self, origin: str, decision: Decision) -> None:
        """Bring the decision to the asker."""
        self._rooms.attendance.tell(origin, _decided(decision))

    def _greet(self, presence: Presence, frame: Frame) -> None:
        peer = presence.peer
        self._rooms.attendance.enter(presence)
        self._rooms.deaths.watch(presence)
        peer.send(
            {
                "event": "welcome",
                "protocol": _agreed(int(frame.get("protocol", PROTOCOL))),
                "build": self._build,
                "mode": self._rooms.mode,
                "pid": os.getpid(),
            }
        )
        self._rooms.intake.take()
        for message in frame["messages"]:
            if answer := self._settled_frame(message):
                peer.send(answer)
        for question in frame["questions"]:
            decision = self._rooms.ledger.decision(question)
            if decision is not None:
                peer.send(_decided(decision))

    def _hear(self, presence: Presence, frame: Frame) -> None:
        does = frame.get("do")
        if does == "wake":
            self._rooms.intake.take_soon()
            return
        self._rooms.intake.catch_up()
        if does == "project":
            self._learn(presence, frame)
        elif does in ("worked", "brought"):
            self._rooms.hosting.hear(presence, frame)
        elif does in ("begin", "output", "end", "bye"):
            _note(presence, frame)
        elif str(does) in self._slow_answers:
            self._later.answer(presence.peer, frame.get("id"), self._slow_answers[str(does)](frame))
        else:
            presence.peer.send(self._answer(presence, frame))

    def _answer(self, presence: Presence, frame: Frame) -> Frame:
        try:
            if frame["do"] == "consume":
                value: Any = self._consume(presence, frame)
            else:
                value = self._answers[frame["do"]](frame)
            return {"event": "answer", "re": frame.get("id"), "value": value}
        except Exception as error:  # who asks shall hear of it, and not wait until the time is up
            log.exception("a request failed")
            return {"event": "answer", "re": frame.get("id"), "error": f"{type(error).__name__}: {error}"}

    def _consume(self, presence: Presence, frame: Frame) -> bool:
        """An approval is for the process that asked; whoever repeats its words on another line has none."""
        question, run, code = str(frame["question"]), str(frame["run"]), str(frame["code_sha256"])
        return self._rooms.ledger.consume(question, run, code, presence.origin)

    def _learn(self, presence: Presence, frame: Frame) -> None:
        project = Project.from_frame(frame)
        presence.project = project.key
        works = dict(frame.get("works", {}))
        is_worked_anew = self._rooms.hosting.offer(presence, works)
        changed = self._rooms.projects.learn(project)
        if is_worked_anew:
            changed |= {"", *works}
        self._rooms.listening.renew(project.key, changed)
        self._rooms.delivery.renew(project.key, changed)
        self._rooms.attendance.introduce(presence)
        self._rooms.delivery.go_on(project.key)
        self._rooms.intake.route()

    def _settled_frame(self, message: str) -> Frame | None:
        rows = self._rooms.store.rows(
            "SELECT channel, state, error, receipt FROM delivery"
            " WHERE message = ? AND kind = 'post' AND about = '' ORDER BY seq",
            message,
        )
        if any(row["state"] == "waiting" for row in rows):
            return None
        if not rows and not self._rooms.store.row(
            "SELECT 1 FROM message WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM unrouted WHERE message = ?1)",
            message,
        ):
            return None  # it is in the spool still, or not routed; one that is and has none is told to nobody
        receipts = [json.loads(row["receipt"]) for row in rows if row["receipt"]]
        errors = [row["error"] for row in rows if row["state"] == "failed"]
        return {"event": "settled", "message": message, "receipts": receipts, "errors": errors}


def _agreed(theirs: int) -> int:
    """The protocol of this conversation: an older process, by one, is spoken to as it expects."""
    return max(PROTOCOL - 1, min(PROTOCOL, theirs))


def _presence(peer: Peer, hello: Frame) -> Presence:
    seen = peer.pid  # what it says of itself may be of another PID namespace, or not be so
    return Presence(
        peer=peer,
        origin=str(hello["origin"]),
        pid=seen or int(hello["pid"]),
        is_seen=seen != 0,
        notebook=str(hello["notebook"]),
        project="",
        runs=dict(hello.get("runs", {})),
    )


def _note(presence: Presence, frame: Frame) -> None:
    """What a process is at, for the case that it dies."""
    if frame["do"] == "bye":
        presence.has_left = True
    elif frame["do"] == "begin":
        presence.runs[frame["run"]] = frame["told"]
    elif frame["do"] == "end":
        presence.runs.pop(frame["run"], None)
    elif frame["run"] in presence.runs:
        presence.runs[frame["run"]]["output"] = frame["output"]


def _decided(decision: Decision) -> Frame:
    return {"event": "decided", "question": decision.question_id, "decision": decision.to_json()}
