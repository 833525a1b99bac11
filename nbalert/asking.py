"""`ask()` and `ask_async()`: put a question, wait, and use the answer once.

Every way out but one raises or returns a false Decision: an approval that the courier has confirmed to be
this run's, by somebody whom the settings name.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from nbalert.asked import Asked, unaltered
from nbalert.blots import Secret
from nbalert.clock import Clock
from nbalert.durations import parse_timeout
from nbalert.eligibility import places_for
from nbalert.errors import CannotAsk, NotApproved
from nbalert.keep_alive import heard_of
from nbalert.message import Source
from nbalert.patterns import TooSlow
from nbalert.process import client
from nbalert.question import Decision, Question, sha256_of
from nbalert.shown_code import shown, visible_line
from nbalert.terms import Terms
from nbalert.waiting import wait_for
from nbalert.widgets import view_of

if TYPE_CHECKING:
    from nbalert.widgets.view import View


def put(
    text: str,
    terms: Terms,
    code: str = "",
    source: Source | None = None,
    alteration: Callable[[], str] = unaltered,
) -> Asked:
    """Check that the question can be answered, and put it.

    Args:
        text: The question.
        terms: What the caller says about it.
        code: The exact code that an approval is for.
        source: What the caller knows of where it comes from.
        alteration: Called right before the code runs: why it is not that code; empty if it is.

    Raises:
        CannotAsk: Nobody could answer; says which line of the settings is missing.
        SettingsError: The settings of a channel are wrong.
    """
    sender = client()
    settings = sender.settings
    places = places_for(settings, terms)
    first, *_ = places.channels
    clock = Clock()
    now = clock.now()
    timeout_s = settings.ask_timeout_s if terms.timeout_s is None else terms.timeout_s
    ends = not math.isinf(timeout_s)
    to_show = shown(code, secrets_in)
    question = Question(
        id=secrets.token_urlsafe(18),
        text=visible_line(text),
        code=to_show.text,
        code_sha256=sha256_of(code),
        redacted=to_show.redacted,
        run=uuid4().hex,
        policy=places.policies[first],
        policies={name: policy for name, policy in places.policies.items() if name != first},
        escalate_to=places.escalate_to,
        escalate_after_s=places.escalate_after_s,
        asked_at=now,
        expires_at=now + timedelta(seconds=timeout_s) if ends else None,
        boot=clock.boot,
        expires_boot_s=clock.boot_s() + timeout_s if ends and clock.boot else None,
    )
    asked = Asked(sender, question, places.channels, code, alteration)
    asked.put(source or Source(), to_show.note)
    return asked


def secrets_in(code: str) -> list[Secret]:
    """Where secrets stand in code that is to be shown.

    Raises:
        CannotAsk: That is not known: a pattern of the settings comes to no end.
    """
    try:
        return client().redactor().secrets_in(code)
    except TooSlow as error:
        raise CannotAsk(
            f"what is secret in the code is not known: the pattern {error} takes too long"
        ) from None


def ask(
    text: str,
    *,
    channel: str | Sequence[str] | None = None,
    timeout: float | str | None = None,
    approvers: Sequence[str] = (),
    need: int = 1,
    approve: Sequence[str] = (),
    reject: Sequence[str] = (),
    choices: Sequence[str] = (),
    input: str | type = "",  # noqa: A002 - what it is
    code: str = "",
    raises: bool = True,
) -> Decision:
    """Ask in chat and wait until the question has ended. In a kernel widgets and tasks live meanwhile.

    Args:
        text: The question.
        channel: One name or several; None is the default channel.
        timeout: Seconds, `2h` or `never`; None is the setting `ask_timeout`.
        approvers: Narrows who may answer: ids, or `group:NAME`.
        need: How many different people have to approve, or to choose the same.
        approve: Words that mean yes, instead of the channel's.
        reject: Words that mean no, instead of the channel's.
        choices: What to choose from, instead of a yes: the choice is the decision's `answer`.
        input: `text`, `int` or `float` (or `str`, `int`, `float`): what is typed is the decision's `answer`.
        code: What will be run; shown with the question.
        raises: Whether anything but an approval raises. False returns a Decision that is false.

    Returns:
        The decision; true only if approved.

    Raises:
        NotApproved: Rejected, expired, cancelled, or an error; `.decision` says which.
        CannotAsk: Nobody could answer.
        ValueError: The arguments contradict each other.
        KeyboardInterrupt: The wait was interrupted; the question is cancelled, in chat as well.
    """
    terms = terms_of(channel, timeout, approvers, need, approve, reject, choices, input)
    return hold(put(text, terms, code), raises=raises)


async def ask_async(
    text: str,
    *,
    channel: str | Sequence[str] | None = None,
    timeout: float | str | None = None,  # noqa: ASYNC109 - the question's, not the coroutine's
    approvers: Sequence[str] = (),
    need: int = 1,
    approve: Sequence[str] = (),
    reject: Sequence[str] = (),
    choices: Sequence[str] = (),
    input: str | type = "",  # noqa: A002 - what it is
    code: str = "",
    raises: bool = True,
) -> Decision:
    """`ask` for coroutines: other tasks run while this one waits. Cancelling it cancels the question."""
    terms = terms_of(channel, timeout, approvers, need, approve, reject, choices, input)
    return await hold_async(put(text, terms, code), raises=raises)


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


async def hold_async(asked: Asked, *, raises: bool) -> Decision:
    """`hold` for coroutines.

    Raises:
        NotApproved: With `raises`, unless approved.
        asyncio.CancelledError: The question is cancelled.
    """
    with _shown(asked) as view:
        try:
            decided = asyncio.wrap_future(asked.pending.decided)
            decision = await asyncio.wait_for(asyncio.shield(decided), asked.patience_s)
        except TimeoutError:
            decision = asked.overdue()
        used = await asyncio.to_thread(asked.settle, decision)
        view.close(used)
    return _outcome(used, raises)


def terms_of(
    channel: str | Sequence[str] | None,
    timeout: float | str | None,
    approvers: Sequence[str],
    need: int,
    approve: Sequence[str],
    reject: Sequence[str],
    choices: Sequence[str],
    input: str | type,  # noqa: A002 - what it is
) -> Terms:
    """The arguments of `ask` as terms.

    Raises:
        ValueError: They contradict each other.
    """
    named = (channel,) if isinstance(channel, str) else tuple(channel or ())
    return Terms(
        channels=named,
        timeout_s=parse_timeout(timeout) if isinstance(timeout, str) else timeout,
        approvers=approvers,
        need=need,
        approve=approve,
        reject=reject,
        choices=choices,
        input=_INPUTS.get(input, "") if isinstance(input, type) else input,
    )


_INPUTS: dict[type, str] = {str: "text", int: "int", float: "float"}


@contextmanager
def _shown(asked: Asked) -> Iterator[View]:
    """A question that was put is shown, and cancelled by whatever breaks off the wait for it."""
    view: View | None = None
    try:
        view = view_of(asked)
        view.show()
        with heard_of(is_on=client().settings.keep_alive):
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
