"""What is done about a question that nobody decides: a reminder before its end, and another channel asked."""

from __future__ import annotations

import json
from collections.abc import Callable

from nbalert.courier.agenda import Agenda
from nbalert.courier.audit import Trail
from nbalert.courier.delivery import Delivery
from nbalert.courier.store import Store
from nbalert.question import Question


class Urging:
    """Does, once a question, what the agenda says. Nothing of it happens to a question that has ended."""

    def __init__(self, store: Store, delivery: Delivery, trail: Trail, agenda: Agenda) -> None:
        self._store = store
        self._delivery = delivery
        self._trail = trail
        self._agenda = agenda

    def remind(self, question_id: str) -> None:
        """The end is near: tell those who can answer, wherever it stands."""
        self._once(
            question_id, "remind", lambda message: self._delivery.add_to_posts(message, "remind", "end")
        )

    def escalate(self, question_id: str) -> None:
        """Nobody has decided for long: ask in the other channel as well, and say so in the first."""
        self._once(question_id, "escalate", lambda message: self._escalate(question_id, message))

    def _once(self, question_id: str, what: str, does: Callable[[str], None]) -> None:
        with self._store.transaction():
            if not self._agenda.take(question_id, what):
                return
            found = self._store.row(
                "SELECT message FROM question WHERE id = ? AND decision IS NULL", question_id
            )
            if found:
                does(found["message"])
        self._delivery.wake()

    def _escalate(self, question_id: str, message: str) -> None:
        row = self._store.row("SELECT body FROM question WHERE id = ?", question_id)
        first = self._store.row("SELECT project FROM delivery WHERE message = ? ORDER BY seq", message)
        assert row is not None
        assert first is not None
        to = Question.from_json(json.loads(row["body"])).escalate_to
        self._delivery.add_to_posts(message, "remind", "escalate")
        self._delivery.add(message, first["project"], to, "post")
        self._trail.add("escalated", question_id, channel=to)
