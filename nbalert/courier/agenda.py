"""What falls due while a question is open: its end, a reminder before, an escalation.

Each moment stands on two clocks, and counts at the earlier: a wall clock may be set back, a boot clock ends
with the boot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from nbalert.clock import Clock
from nbalert.courier.moments import HAS_COME, left_s, now
from nbalert.courier.store import Store
from nbalert.question import Question

REMIND_S = 600.0
REMIND_PART = 0.2
"""A reminder comes ten minutes before the end, of short questions in the last fifth of their time."""
SHORT_S = 60.0
"""A question that is open for less has no reminder: who did not see it would not see that."""


class Agenda:
    """The table of what falls due.

    Args:
        on_entered: Called with the seconds that are left until something new falls due.
    """

    def __init__(self, store: Store, clock: Clock, on_entered: Callable[[float], None]) -> None:
        self._store = store
        self._clock = clock
        self._on_entered = on_entered

    def enter(self, question: Question) -> None:
        """Enter what falls due of a new question. The caller holds a transaction."""
        if question.escalate_to and question.escalate_after_s is not None:
            self._add(question, "escalate", question.escalate_after_s)
        if question.expires_at is None:
            return
        lasts_s = (question.expires_at - question.asked_at).total_seconds()
        self._add(question, "end", lasts_s)
        if lasts_s >= SHORT_S:
            self._add(question, "remind", lasts_s - min(REMIND_S, REMIND_PART * lasts_s))

    def due(self) -> list[tuple[str, str]]:
        """(question, what) of all that is due, ends first: who is late is not reminded."""
        rows = self._store.rows(
            f"SELECT question, what FROM due WHERE {HAS_COME} ORDER BY what = 'end' DESC, at",
            *now(self._clock),
        )
        return [(row["question"], row["what"]) for row in rows]

    def work(self, does: Mapping[str, Callable[[str], None]]) -> float | None:
        """Do all that is due.

        Args:
            does: What → what to do with the question.

        Returns:
            Seconds until the next thing falls due; None if nothing will.
        """
        for question, what in self.due():
            does[what](question)
        return left_s(self._store, self._clock, "due", "TRUE")

    def is_over(self, question: str) -> bool:
        """Whether a question's end has come."""
        found = self._store.row(
            f"SELECT 1 FROM due WHERE question = ? AND what = 'end' AND {HAS_COME}",
            question,
            *now(self._clock),
        )
        return found is not None

    def take(self, question: str, what: str) -> bool:
        """Take something off; whether it was there. The caller holds a transaction."""
        return bool(self._store.execute("DELETE FROM due WHERE question = ? AND what = ?", question, what))

    def drop(self, question: str) -> None:
        """The question has ended: nothing of it falls due any more. The caller holds a transaction."""
        self._store.execute("DELETE FROM due WHERE question = ?", question)

    def left_s(self, question: str) -> float | None:
        """Seconds until a question's end; None where it has none."""
        return left_s(self._store, self._clock, "due", "question = ? AND what = 'end'", question)

    def _add(self, question: Question, what: str, after_s: float) -> None:
        at_s = (question.asked_at + timedelta(seconds=after_s)).timestamp()
        self._store.execute(
            "INSERT INTO due (question, what, at, boot, boot_s) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (question, what) DO NOTHING",
            *(question.id, what, at_s, question.boot, _boot_s(question, after_s)),
        )
        self._on_entered(at_s - self._clock.time_s())


def _boot_s(question: Question, after_s: float) -> float | None:
    """The same moment on the boot clock; None where the question's end does not stand on it."""
    if question.expires_at is None or question.expires_boot_s is None:
        return None
    lasts_s = (question.expires_at - question.asked_at).total_seconds()
    return question.expires_boot_s - lasts_s + after_s
