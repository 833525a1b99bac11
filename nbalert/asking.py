"""`ask()` and `ask_async()`: put a question, wait, and use the answer once.

Every way out but one raises or returns a false Decision: an approval that the courier has confirmed to be
this run's, by somebody whom the settings name.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from nbalert.client import Client
from nbalert.durations import parse_duration
from nbalert.eligibility import Terms, policy_for
from nbalert.errors import CannotAsk, CourierError, NotApproved
from nbalert.message import Level, Message, Source
from nbalert.pending import Pending
from nbalert.posting import here
from nbalert.process import client
from nbalert.question import Decision, Outcome, Question, sha256_of
from nbalert.waiting import wait_for
from nbalert.widgets import view_of

if TYPE_CHECKING:
    from nbalert.widgets.view import View

GRACE_S = 15.0
"""How long after its end a question is waited for: the courier tells of it, or is replaced meanwhile."""


class Asked:
    """A question that was put. Exactly one of `settle` and `cancel` ends it here."""

    def __init__(self, client: Client, question: Question, channel: str) -> None:
        self.question = question
        self.channel = channel
        self.pending = Pending(question.id)
        self._client = client

    def put(self, source: Source) -> None:
        """Hand the question over.

        Raises:
            CannotAsk: The disk takes no more.
        """
        message = Message(
            title=self.question.text,
            level=Level.WARNING,
            code=self.question.code,
            question=self.question,
            source=here(source),
        )
        try:
            self._client.ask(message, self.channel, self.pending)
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
        return self._ended(Outcome.CANCELLED, reason)

    def overdue(self) -> Decision:
        """The courier has said nothing at all: fail closed."""
        self._client.cancel(self.pending, "no decision arrived in time")
        return self._ended(Outcome.ERROR, "no courier told how the question ended; see `nbalert status`")

    def settle(self, decision: Decision) -> Decision:
        """Use the decision: an approval counts only if the courier confirms that it is this run's."""
        self._client.forget(self.pending)
        if not decision:
            return decision
        try:
            frame = {
                "do": "consume",
                "question": self.question.id,
                "run": self.question.run,
                "code_sha256": self.question.code_sha256,
            }
            is_ours = self._client.request(frame) is True
        except CourierError as error:
            return self._ended(Outcome.ERROR, f"approved, but the approval could not be used: {error}")
        return decision if is_ours else self._ended(Outcome.ERROR, "the approval was already used")

    def _ended(self, outcome: Outcome, reason: str) -> Decision:
        return Decision(
            question_id=self.question.id, outcome=outcome, reason=reason, decided_at=datetime.now(UTC)
        )


def put(text: str, terms: Terms, code: str = "", source: Source | None = None) -> Asked:
    """Check that the question can be answered, and put it.

    Raises:
        CannotAsk: Nobody could answer; says which line of the settings is missing.
        SettingsError: The channel's settings are wrong.
    """
    sender = client()
    table = sender.settings.channel(terms.channel)
    policy = policy_for(table, terms, sender.settings.me)
    now = datetime.now(UTC)
    timeout_s = sender.settings.ask_timeout_s if terms.timeout_s is None else terms.timeout_s
    question = Question(
        id=secrets.token_urlsafe(18),
        text=text,
        code=code,
        code_sha256=sha256_of(code),
        run=uuid4().hex,
        policy=policy,
        asked_at=now,
        expires_at=now + timedelta(seconds=timeout_s),
    )
    asked = Asked(sender, question, table.name)
    asked.put(source or Source())
    return asked


def ask(
    text: str,
    *,
    channel: str | None = None,
    timeout: float | str | None = None,
    approvers: Sequence[str] = (),
    need: int = 1,
    approve: Sequence[str] = (),
    reject: Sequence[str] = (),
    code: str = "",
    raises: bool = True,
) -> Decision:
    """Ask in chat and wait until the question has ended. In a kernel widgets and tasks live meanwhile.

    Args:
        text: The question.
        channel: Name; None is the default channel.
        timeout: Seconds or `2h`; None is the setting `ask_timeout`.
        approvers: Narrows who may answer.
        need: How many different people have to approve.
        approve: Words that mean yes, instead of the channel's.
        reject: Words that mean no, instead of the channel's.
        code: What will be run; shown with the question.
        raises: Whether anything but an approval raises. False returns a Decision that is false.

    Returns:
        The decision; true only if approved.

    Raises:
        NotApproved: Rejected, expired, cancelled, or an error; `.decision` says which.
        CannotAsk: Nobody could answer.
        KeyboardInterrupt: The wait was interrupted; the question is cancelled, in chat as well.
    """
    terms = _terms(channel, timeout, approvers, need, approve, reject)
    return hold(put(text, terms, code), raises=raises)


async def ask_async(
    text: str,
    *,
    channel: str | None = None,
    timeout: float | str | None = None,  # noqa: ASYNC109 - the question's, not the coroutine's
    approvers: Sequence[str] = (),
    need: int = 1,
    approve: Sequence[str] = (),
    reject: Sequence[str] = (),
    code: str = "",
    raises: bool = True,
) -> Decision:
    """`ask` for coroutines: other tasks run while this one waits. Cancelling it cancels the question."""
    asked = put(text, _terms(channel, timeout, approvers, need, approve, reject), code)
    with _shown(asked) as view:
        try:
            decided = asyncio.wrap_future(asked.pending.decided)
            decision = await asyncio.wait_for(asyncio.shield(decided), asked.patience_s)
        except TimeoutError:
            decision = asked.overdue()
        used = await asyncio.to_thread(asked.settle, decision)
        view.close(used)
    return _outcome(used, raises)


def hold(asked: Asked, *, raises: bool) -> Decision:
    """Wait for a question's end from synchronous code.

    Raises:
        NotApproved: With `raises`, unless approved.
        KeyboardInterrupt: The question is cancelled.
    """
    with _shown(asked) as view:
        try:
            decision = wait_for(asked.pending.decided, asked.patience_s)
        except TimeoutError:
            decision = asked.overdue()
        used = asked.settle(decision)
        view.close(used)
    return _outcome(used, raises)


@contextmanager
def _shown(asked: Asked) -> Iterator[View]:
    """A question that was put is shown, and cancelled by whatever breaks off the wait for it."""
    view: View | None = None
    try:
        view = view_of(asked)
        view.show()
        yield view
    except BaseException as error:
        decision = asked.abandon(error)
        if view is not None:
            view.close(decision)
        raise


def _outcome(decision: Decision, raises: bool) -> Decision:
    if raises and not decision:
        raise NotApproved(decision)
    return decision


def _terms(
    channel: str | None,
    timeout: float | str | None,
    approvers: Sequence[str],
    need: int,
    approve: Sequence[str],
    reject: Sequence[str],
) -> Terms:
    timeout_s = parse_duration(timeout) if isinstance(timeout, str) else timeout
    return Terms(
        channel=channel, timeout_s=timeout_s, approvers=approvers, need=need, approve=approve, reject=reject
    )
