"""Questions: opened, answered, decided, used once.

        open ──reply──▶ approved ──consume──▶ consumed by one run
         │  ╲──reply──▶ rejected
         ├──time──────▶ expired
         ├──cancel────▶ cancelled
         └──refused───▶ error

Nothing leaves a state but by these arrows, each of them one UPDATE that names the state it starts from.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

from nbalert.courier.delivery import Delivery
from nbalert.courier.store import Store
from nbalert.policy import Reply
from nbalert.question import Decision, Outcome, Question, decide

GIVE_WAY_S = 0.01
"""How much later than the asker the chat is told of a decision: work for it must not hold up the cell."""


class Ledger:
    """The book of questions.

    Args:
        on_reply: Called with origin, question id and each new reply.
        on_end: Called with origin and the decision, once a question.
    """

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        on_reply: Callable[[str, str, Reply], None],
        on_end: Callable[[str, Decision], None],
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._on_reply = on_reply
        self._on_end = on_end

    def open(self, message: str, origin: str, question: Question) -> None:
        """Enter a question. The caller holds a transaction."""
        expires = question.expires_at.timestamp() if question.expires_at else None
        self._store.execute(
            "INSERT INTO question (id, message, origin, body, expires_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO NOTHING",
            *(question.id, message, origin, json.dumps(question.to_json()), expires),
        )

    def reply(self, question_id: str, channel: str, reply: Reply) -> None:
        """Enter an answer; it may decide. The same answer brought twice is entered once."""
        found = self._store.row("SELECT * FROM question WHERE id = ? AND decision IS NULL", question_id)
        if found is None:
            return
        question = Question.from_json(json.loads(found["body"]))
        with self._store.transaction():
            is_new = self._store.execute(
                "INSERT INTO reply (question, channel, reference, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (question, channel, reference) DO NOTHING",
                *(question_id, channel, reply.reference, json.dumps(reply.to_json())),
            )
            # Also where it is known: an older courier may have been killed between entering and deciding.
            decision = decide(question, self.replies(question_id))
            if decision is not None:  # one that rejects is false
                self._enter_end(decision)
        if is_new:
            self._on_reply(found["origin"], question_id, reply)
        if decision is not None:
            self._tell_end(found["origin"], decision)

    def replies(self, question_id: str) -> list[Reply]:
        """All answers to a question, in order of arrival."""
        rows = self._store.rows("SELECT body FROM reply WHERE question = ? ORDER BY seq", question_id)
        return [Reply.from_json(json.loads(row["body"])) for row in rows]

    def cancel(self, question_id: str, reason: str) -> None:
        """The asker does not wait any more."""
        self._end_with(question_id, Outcome.CANCELLED, reason)

    def fail(self, question_id: str, reason: str) -> None:
        """The question cannot be asked, or its answers cannot be had."""
        self._end_with(question_id, Outcome.ERROR, reason)

    def expire(self) -> float | None:
        """End what is overdue.

        Returns:
            Seconds until the next question expires; None if none will.
        """
        now = time.time()
        for row in self._store.rows(
            "SELECT id FROM question WHERE decision IS NULL AND expires_at <= ? ORDER BY expires_at", now
        ):
            self._end_with(row["id"], Outcome.EXPIRED, "nobody decided in time")
        following = self._store.row("SELECT MIN(expires_at) AS at FROM question WHERE decision IS NULL")
        return following["at"] - now if following and following["at"] is not None else None

    def decision(self, question_id: str) -> Decision | None:
        """How a question ended; None while it is open or unknown."""
        found = self._store.row("SELECT decision FROM question WHERE id = ?", question_id)
        return Decision.from_json(json.loads(found["decision"])) if found and found["decision"] else None

    def consume(self, question_id: str, run: str) -> bool:
        """Use an approval, once: true for the run that asked, however often it calls, and for no other."""
        return bool(
            self._store.execute(
                "UPDATE question SET consumed_by = ?1 WHERE id = ?2 AND outcome = 'approved'"
                " AND json_extract(body, '$.run') = ?1 AND coalesce(consumed_by, ?1) = ?1",
                *(run, question_id),
            )
        )

    def open_questions(self) -> list[tuple[str, str]]:
        """(question id, origin) of every open question."""
        return [
            (r["id"], r["origin"]) for r in self._store.rows("SELECT * FROM question WHERE decision IS NULL")
        ]

    def _end_with(self, question_id: str, outcome: Outcome, reason: str) -> None:
        self._end(
            Decision(question_id=question_id, outcome=outcome, decided_at=datetime.now(UTC), reason=reason)
        )

    def _end(self, decision: Decision) -> None:
        with self._store.transaction():
            origin = self._enter_end(decision)
        if origin is not None:
            self._tell_end(origin, decision)

    def _enter_end(self, decision: Decision) -> str | None:
        """Enter how a question ended, if it is open; its origin. The caller holds a transaction."""
        ended = self._store.rows(
            "UPDATE question SET decision = ?, outcome = ? WHERE id = ? AND decision IS NULL"
            " RETURNING message, origin",
            *(json.dumps(decision.to_json()), decision.outcome.value, decision.question_id),
        )
        if not ended:
            return None
        (question,) = ended
        for post in self._store.rows(
            "SELECT project, channel FROM delivery WHERE message = ? AND kind = 'post' AND state != 'failed'",
            question["message"],
        ):
            self._delivery.add(question["message"], post["project"], post["channel"], "update")
        return str(question["origin"])

    def _tell_end(self, origin: str, decision: Decision) -> None:
        self._on_end(origin, decision)
        asyncio.get_running_loop().call_later(GIVE_WAY_S, self._delivery.wake)
