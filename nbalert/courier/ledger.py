"""Questions: opened, answered, decided, used once.

    ○ ──open──▶ open ──reply (enough)──▶ approved ──consume──▶ consumed ──close──▶ closed
                 │╲                          ╲──cancel──▶ withdrawn
                 │ ╲──reply (no)───────▶ rejected
                 ├────expire───────────▶ expired
                 ├────cancel───────────▶ cancelled
                 └────fail─────────────▶ error

Nothing leaves a state but by these arrows. Each is one transaction: an UPDATE that names the state it starts
from, and the entry of the audit trail that tells of it. A reply that decides nothing leaves the question
where it is, also after its end, and is on record with the reason. Only `consume` lets code run: from
`approved`, for the process, the run and the code that asked, if the row still is what the trail says of it.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from nbalert.clock import Clock
from nbalert.courier.agenda import Agenda
from nbalert.courier.audit import Trail
from nbalert.courier.delivery import Delivery
from nbalert.courier.store import Store
from nbalert.courier.unseen import unseen
from nbalert.policy import Reply
from nbalert.question import Decision, Outcome, Question, decide, is_answer, objection
from nbalert.trail import digest

GIVE_WAY_S = 0.01
"""How much later than the asker the chat is told of a decision: work for it must not hold up the cell."""
NOT_RUN = "did not run"
"""Begins the outcome of code that was approved and has not run: whoever approved is told so."""
DIED = "the process died"
CHANGED = "the record of this question was changed after it was asked"

_UNUSED = "outcome = 'approved' AND consumed_by IS NULL AND body_outcome IS NULL"


@dataclass(frozen=True, kw_only=True)
class Hearers:
    """Who hears of it.

    Args:
        reply: Called with origin, question id and each new reply of an open question.
        end: Called with origin and the decision, once a question.
        void: Called with question id, a reply that was meant as an answer, and why it does not count; once a
            reply.
    """

    reply: Callable[[str, str, Reply], None]
    end: Callable[[str, Decision], None]
    void: Callable[[str, Reply, str], None]


class Ledger:
    """The book of questions."""

    def __init__(
        self, store: Store, delivery: Delivery, trail: Trail, agenda: Agenda, clock: Clock, hearers: Hearers
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._trail = trail
        self._agenda = agenda
        self._clock = clock
        self._hearers = hearers

    def open(self, message: str, origin: str, question: Question, asker: str = "") -> None:
        """Enter a question. The caller holds a transaction.

        Args:
            asker: Who asks and where, for the record.
        """
        expires = question.expires_at.timestamp() if question.expires_at else None
        body = json.dumps(question.to_json())
        is_new = self._store.execute(
            "INSERT INTO question (id, message, origin, body, expires_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO NOTHING",
            *(question.id, message, origin, body, expires),
        )
        if is_new:
            self._agenda.enter(question)
            self._trail.add("asked", question.id, **_asked(question, body, asker))

    def reply(self, question_id: str, channel: str, reply: Reply) -> None:
        """Enter an answer; it may decide. The same answer brought twice is entered once."""
        found = self._store.row("SELECT * FROM question WHERE id = ?", question_id)
        if found is None:
            return
        if found["decision"] is None and self._agenda.is_over(question_id):
            self.expire(question_id)  # what comes now is late, whatever its service says
            found = self._row(question_id)
        if found["decision"] is None and not self._trail.knows(question_id, found["body"]):
            self.fail(question_id, CHANGED)
            found = self._row(question_id)
        question = Question.from_json(json.loads(found["body"]))
        # It was given no later than now. Should the clock have been set back, that is not held against it.
        no_later = max(self._clock.now(), question.asked_at)
        self._take(found, question, replace(reply, channel=channel, at=min(reply.at, no_later)))

    def _take(self, found: sqlite3.Row, question: Question, reply: Reply) -> None:
        """An answer comes in: of an open question it may be a voice, of one that has ended it is late."""
        ended = Decision.from_json(json.loads(found["decision"])) if found["decision"] else None
        why = objection(question, reply) if ended is None else f"this question has ended: {ended.sentence}"
        decision = None
        with self._store.transaction():
            is_new = self._enter(question.id, reply, why)
            if ended is None:
                # Also where it is known: an older courier may have been killed between entering and deciding.
                decision = decide(question, self.replies(question.id))
            if decision is not None:  # one that rejects is false
                self._enter_end(decision)
        if is_new and ended is None:
            self._hearers.reply(found["origin"], question.id, reply)
        if decision is not None:
            self._tell_end(found["origin"], decision)
        if is_new and why and is_answer(question, reply):
            self._hearers.void(question.id, reply, why)

    def replies(self, question_id: str) -> list[Reply]:
        """All answers to a question that are on record, in order of arrival."""
        return [Reply.from_json(reply) for reply in self._trail.replies(question_id)]

    def expire(self, question_id: str) -> None:
        """The time is up."""
        why = unseen(self._store, question_id) or "nobody decided in time"
        self._end_with(question_id, Outcome.EXPIRED, why)

    def cancel(self, question_id: str, reason: str) -> None:
        """The asker does not wait any more. An approval that came in the same instant is never used."""
        self._end_with(question_id, Outcome.CANCELLED, reason)
        self._withdraw(question_id, reason)

    def fail(self, question_id: str, reason: str) -> None:
        """The question cannot be asked, or its answers cannot be had."""
        self._end_with(question_id, Outcome.ERROR, reason)

    def lose(self, question_id: str, channels: Collection[str], reason: str) -> None:
        """Answers from these channels cannot be had any more; where no other one is asked, it fails."""
        others = self._store.rows(
            "SELECT d.channel FROM delivery d JOIN question q ON q.message = d.message"
            " WHERE q.id = ? AND d.kind = 'post' AND d.state != 'failed'",
            question_id,
        )
        if all(row["channel"] in channels for row in others):
            self.fail(question_id, reason)

    def decision(self, question_id: str) -> Decision | None:
        """How a question ended; None while it is open or unknown."""
        found = self._store.row("SELECT decision FROM question WHERE id = ?", question_id)
        return Decision.from_json(json.loads(found["decision"])) if found and found["decision"] else None

    def consume(self, question_id: str, run: str, code_sha256: str, origin: str) -> bool:
        """Use an approval, once: true for the run that asked, however often it calls, and for no other.

        Args:
            run: The run that wants to go on.
            code_sha256: Of the code that it is about to run.
            origin: The process on whose line that was said.
        """
        with self._store.transaction():
            used = self._store.rows(
                "UPDATE question SET consumed_by = ?1 WHERE id = ?2 AND outcome = 'approved' AND origin = ?3"
                " AND json_extract(body, '$.run') = ?1 AND json_extract(body, '$.code_sha256') = ?4"
                " AND coalesce(consumed_by, ?1) = ?1 RETURNING *",
                *(run, question_id, origin, code_sha256),
            )
            if not used:
                return False
            if not self._trail.knows(question_id, used[0]["body"], used[0]["decision"]):
                raise ValueError(CHANGED)  # takes the update back; whoever asks hears why
            if not self._trail.entries(question_id, "consumed"):
                self._trail.add("consumed", question_id, run=run, code_sha256=code_sha256)
            return True

    def close(self, question_id: str, run: str, outcome: str) -> None:
        """The body has run: how it ended, in a word of its process. Of a run that may not have, nothing."""
        with self._store.transaction():
            found = self._store.rows(
                "UPDATE question SET body_outcome = ? WHERE id = ? AND consumed_by = ?"
                " AND body_outcome IS NULL RETURNING message",
                *(outcome, question_id, run),
            )
            if not found:
                return
            self._trail.add("outcome", question_id, run=run, outcome=outcome)
            if outcome.startswith(NOT_RUN):
                self._delivery.add_to_posts(found[0]["message"], "remind", "unused")
        self._delivery.wake()

    def orphan(self, origin: str) -> None:
        """A process has died: the bodies that it ran have ended with it, unless they had before."""
        for row in self._store.rows(
            "SELECT id, consumed_by FROM question WHERE origin = ? AND outcome = 'approved'"
            " AND consumed_by != '' AND body_outcome IS NULL",
            origin,
        ):
            self.close(row["id"], row["consumed_by"], DIED)

    def open_questions(self) -> list[tuple[str, str]]:
        """(question id, origin) of every open question."""
        return self._pairs("decision IS NULL")

    def waited_for(self) -> list[tuple[str, str]]:
        """(question id, origin) of every question that is open, or approved and not used yet."""
        return [*self.open_questions(), *self._pairs(_UNUSED)]

    def _pairs(self, which: str) -> list[tuple[str, str]]:
        rows = self._store.rows(f"SELECT id, origin FROM question WHERE {which}")
        return [(row["id"], row["origin"]) for row in rows]

    def _withdraw(self, question_id: str, reason: str) -> None:
        """Whoever approved is not left to believe that it ran."""
        with self._store.transaction():
            outcome = f"{NOT_RUN}: {reason}"
            found = self._store.rows(
                "UPDATE question SET consumed_by = '', body_outcome = ?"
                f" WHERE id = ? AND {_UNUSED} RETURNING message",
                *(outcome, question_id),
            )
            if not found:
                return
            self._trail.add("outcome", question_id, outcome=outcome)
            self._delivery.add_to_posts(found[0]["message"], "remind", "unused")
        self._delivery.wake()

    def _row(self, question_id: str) -> sqlite3.Row:
        found = self._store.row("SELECT * FROM question WHERE id = ?", question_id)
        assert found is not None
        return found

    def _enter(self, question_id: str, reply: Reply, why: str) -> bool:
        """Enter a reply, and on record why it does not count; whether it is new."""
        values = reply.to_json()
        is_new = self._store.execute(
            "INSERT INTO reply (question, channel, reference, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (question, channel, reference) DO NOTHING",
            *(question_id, reply.channel, reply.reference, json.dumps(values)),
        )
        if is_new:
            self._trail.add("reply", question_id, reply=values, why=why)
        return bool(is_new)

    def _end_with(self, question_id: str, outcome: Outcome, reason: str) -> None:
        self._end(
            Decision(question_id=question_id, outcome=outcome, decided_at=self._clock.now(), reason=reason)
        )

    def _end(self, decision: Decision) -> None:
        with self._store.transaction():
            origin = self._enter_end(decision)
        if origin is not None:
            self._tell_end(origin, decision)

    def _enter_end(self, decision: Decision) -> str | None:
        """Enter how a question ended, if it is open; its origin. The caller holds a transaction."""
        values = decision.to_json()
        ended = self._store.rows(
            "UPDATE question SET decision = ?, outcome = ? WHERE id = ? AND decision IS NULL"
            " RETURNING message, origin",
            *(json.dumps(values), decision.outcome.value, decision.question_id),
        )
        if not ended:
            return None
        (question,) = ended
        self._agenda.drop(decision.question_id)
        self._trail.add("decision", decision.question_id, decision=values)
        self._delivery.add_to_posts(question["message"], "update")
        return str(question["origin"])

    def _tell_end(self, origin: str, decision: Decision) -> None:
        self._hearers.end(origin, decision)
        asyncio.get_running_loop().call_later(GIVE_WAY_S, self._delivery.wake)


def _asked(question: Question, body: str, asker: str) -> dict[str, Any]:
    """What the record says of a question: enough to read it without the table, and a hash of all of it."""
    return {
        "question_sha256": digest(body),
        "text": question.text,
        "asker": asker,
        "run": question.run,
        "code_sha256": question.code_sha256,
        "redacted": question.redacted,
        "need": question.policy.need,
        "approvers": list(question.policy.approvers),
        "expires_at": question.to_json()["expires_at"],
    }
