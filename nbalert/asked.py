"""A question that was put: exactly one of `settle` and `cancel` ends it here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from nbalert.client import Client
from nbalert.errors import CannotAsk, CourierError
from nbalert.message import Level, Message, Source
from nbalert.pending import Pending
from nbalert.posting import here
from nbalert.question import Decision, Outcome, Question, sha256_of

GRACE_S = 15.0
"""How long after its end a question is waited for: the courier tells of it, or is replaced meanwhile."""


def unaltered() -> str:
    """The check of code that nobody else can change."""
    return ""


class Asked:
    """A question that was put.

    Args:
        client: This process's.
        question: As the chats show it.
        channels: Where it is asked, the first one first of all.
        code: The exact code that an approval is for.
        alteration: Says why what is about to run is not that code; empty if it is.
    """

    def __init__(
        self,
        client: Client,
        question: Question,
        channels: Sequence[str],
        code: str = "",
        alteration: Callable[[], str] = unaltered,
    ) -> None:
        self.question = question
        self.channels = tuple(channels)
        self.channel = ", ".join(channels)
        self.pending = Pending(question.id)
        self._client = client
        self._code = code
        self._alteration = alteration
        self._may_be_used = False

    def put(self, source: Source, text: str = "") -> None:
        """Hand the question over.

        Args:
            source: What the caller knows of where it comes from.
            text: What is to be said below the question.

        Raises:
            CannotAsk: The disk takes no more.
        """
        message = Message(
            title=self.question.text,
            text=text,
            level=Level.WARNING,
            code=self.question.code,
            question=self.question,
            source=here(source),
        )
        try:
            self._client.ask(message, self.channels, self.pending)
        except OSError as error:
            raise CannotAsk(
                f"the question cannot be written to {self._client.home.spool}: {error}"
            ) from error
        except BaseException as error:  # it may be on its way already
            self.abandon(error)
            raise

    @property
    def patience_s(self) -> float | None:
        """How long to wait for a decision; None is for ever."""
        if self.question.expires_at is None:
            return None
        return (self.question.expires_at - datetime.now(UTC)).total_seconds() + GRACE_S

    def cancel(self, reason: str) -> None:
        """End it from here: from now on nothing approves it, and the chat is told."""
        self.pending.decide(self._ended(Outcome.CANCELLED, reason))
        self._client.cancel(self.pending, reason)

    def abandon(self, error: BaseException) -> Decision:
        """The wait was broken off: cancelled, also where an approval arrived in the same instant."""
        is_interrupt = isinstance(error, (KeyboardInterrupt, asyncio.CancelledError))
        reason = "interrupted" if is_interrupt else f"broken off by {type(error).__name__}"
        self.cancel(reason)
        if self._may_be_used:  # in the instant before the code would have run; of another run it says nothing
            self.report(f"did not run: {reason}")
        return self._ended(Outcome.CANCELLED, reason)

    def overdue(self) -> Decision:
        """The courier has said nothing at all: fail closed."""
        self._client.cancel(self.pending, "no decision arrived in time")
        return self._ended(Outcome.ERROR, "no courier told how the question ended; see `nbalert status`")

    def settle(self, decision: Decision) -> Decision:
        """Use the decision: an approval counts only for this run and this code."""
        self._client.forget(self.pending)
        if not decision:
            return decision
        frame = {
            "do": "consume",
            "question": self.question.id,
            "run": self.question.run,
            "code_sha256": sha256_of(self._code),
        }
        self._may_be_used = True  # an interrupt may come before the answer does
        try:
            is_ours = decision.question_id == self.question.id and self._client.request(frame) is True
        except CourierError as error:
            return self._ended(Outcome.ERROR, f"approved, but the approval could not be used: {error}")
        if not is_ours:
            return self._ended(Outcome.ERROR, "the approval was already used, or is for another run or code")
        if why := self._alteration():
            self.report("did not run: it was altered")
            return self._ended(Outcome.ERROR, f"approved, but {why}")
        return decision

    @contextmanager
    def running(self) -> Iterator[None]:
        """What was approved runs in this block: how it ends is reported."""
        try:
            yield
        except BaseException as error:
            self.report(type(error).__name__)
            raise
        self.report("ok")

    def report(self, outcome: str) -> None:
        """Have on record how the run ended that was approved: `ok`, or the type of what was raised."""
        self._client.report_outcome(self.question.id, self.question.run, outcome)

    def _ended(self, outcome: Outcome, reason: str) -> Decision:
        return Decision(
            question_id=self.question.id, outcome=outcome, reason=reason, decided_at=datetime.now(UTC)
        )
