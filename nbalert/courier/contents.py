"""What is said in a chat: a message as it is now, and what is said to a question that waits."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

from nbalert.courier.agenda import Agenda
from nbalert.courier.counts import FOLD_GLOBAL, Counts
from nbalert.courier.drawings import Drawings
from nbalert.courier.shown import applied
from nbalert.courier.store import Store
from nbalert.durations import show_duration
from nbalert.message import Level, Message, Receipt
from nbalert.policy import ANYONE, Reply
from nbalert.question import Decision, Question, objection


class Contents:
    """Makes, from rows of `delivery`, what a channel gets."""

    def __init__(self, store: Store, agenda: Agenda) -> None:
        self._store = store
        self._agenda = agenda
        self._drawings = Drawings(store)
        self.counts = Counts(store)

    async def to_post(self, row: sqlite3.Row) -> Message:
        """The message with its figures drawn."""
        return await self._drawings.drawn(row["message"], self.message(row))

    def message(self, row: sqlite3.Row) -> Message:
        """The message, as its channel is asked. A question that ended while it waited is shown as ended."""
        message = Message.from_json(json.loads(row["body"]))
        if row["about"] in ("global", FOLD_GLOBAL):  # ids of another service mean nothing there
            return applied(replace(message, target="", mention=()), row["shown"])
        if message.question is None:
            return message
        found = self._store.row("SELECT decision FROM question WHERE message = ?", row["message"])
        decision = found["decision"] if found else None
        return replace(
            message,
            question=message.question.on(row["channel"]),
            decision=Decision.from_json(json.loads(decision)) if decision else None,
        )

    def receipt(self, row: sqlite3.Row) -> Receipt | None:
        """Where the message stands in the row's channel; None if it never arrived."""
        return self._standing(row["message"], row["channel"])

    def continued(self, row: sqlite3.Row) -> Receipt | None:
        """Where the progress stands that the row's message is the end of; None where there is none."""
        return self._standing(row["continues"], row["channel"]) if row["continues"] else None

    def _standing(self, message: str, channel: str) -> Receipt | None:
        """An update that could not be made in place has left a newer receipt than the post."""
        found = self._store.row(
            "SELECT receipt FROM delivery WHERE message = ? AND channel = ? AND receipt IS NOT NULL"
            " ORDER BY settled_at DESC LIMIT 1",
            *(message, channel),
        )
        return Receipt.from_json(json.loads(found["receipt"])) if found else None

    def reminder(self, row: sqlite3.Row) -> Message | None:
        """What is to be said to a question; None if that is no more so."""
        found = self._store.row("SELECT * FROM question WHERE message = ?", row["message"])
        if found is None or (found["decision"] is not None) != (row["about"] == "unused"):
            return None
        whole = self.message(row)
        assert whole.question is not None
        question = whole.question
        mention: tuple[str, ...] = ()
        if row["about"] == "unused":
            title = f"{question.text}: {found['body_outcome']}"
        elif row["about"] == "escalate":
            title = f"Nobody has decided yet, so {question.escalate_to} is asked as well: {question.text}"
        else:
            left_s = self._agenda.left_s(question.id) or 0.0
            title = f"{show_duration(max(0.0, left_s))} left to decide: {question.text}"
            mention = self._missing(question)
        return Message(
            title=title,
            level=Level.WARNING,
            source=whole.source,
            topic=whole.topic,
            target=whole.target,
            mention=mention,
        )

    def _missing(self, question: Question) -> tuple[str, ...]:
        """Who can still answer on a channel, as far as they are named."""
        rows = self._store.rows("SELECT body FROM reply WHERE question = ?", question.id)
        replies = (Reply.from_json(json.loads(row["body"])) for row in rows)
        done = {reply.person for reply in replies if not objection(question, reply)}
        if question.policy.asker and not question.policy.allow_self:
            done.add(question.policy.asker)
        return tuple(one for one in question.policy.approvers if one not in {*done, ANYONE})
