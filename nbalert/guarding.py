"""`@requires_approval` guards a function: each call asks, and runs only when approved."""

from __future__ import annotations

import functools
import hashlib
import inspect
import textwrap
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ParamSpec, TypeVar, cast

from nbalert.asked import Asked
from nbalert.asking import hold, hold_async, put, secrets_in, terms_of
from nbalert.blots import uncut
from nbalert.errors import CannotAsk
from nbalert.terms import Terms

P = ParamSpec("P")
R = TypeVar("R")

ARGUMENT_CHARS = 2000
"""More of one argument's `repr` is cut, with a digest of all of it: a table would bury the code."""


def requires_approval(
    text: str,
    *,
    channel: str | Sequence[str] | None = None,
    timeout: float | str | None = None,
    approvers: Sequence[str] = (),
    need: int = 1,
    approve: Sequence[str] = (),
    reject: Sequence[str] = (),
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let each call of a function ask first, and run only when approved.

    The question shows the function's source and its arguments, redacted as all code is. What it calls in turn
    is not shown. Results and exceptions are the function's own; a coroutine function is asked by `ask_async`.

    Args:
        text: The question.
        channel: As for `ask`, like all others.
        timeout: Seconds, `2h` or `never`; None is the setting `ask_timeout`.
        approvers: Narrows who may answer.
        need: How many different people have to approve.
        approve: Words that mean yes, instead of the channel's.
        reject: Words that mean no, instead of the channel's.

    Raises:
        ValueError: The arguments contradict each other.

    Examples:
        @nbalert.requires_approval("Drop a table?", channel="ops", need=2)
        def drop(table: str) -> None:
            db.execute(f"DROP TABLE {table}")
    """
    terms = terms_of(channel, timeout, approvers, need, approve, reject, (), "")

    def guard(function: Callable[P, R]) -> Callable[P, R]:
        call = _Call(text, terms, function)
        wrapper = _asynchronous(call) if inspect.iscoroutinefunction(function) else _synchronous(call)
        return cast("Callable[P, R]", functools.wraps(function)(wrapper))

    return guard


class _Call:
    """A guarded function, and the questions about its calls."""

    def __init__(self, text: str, terms: Terms, function: Callable[..., Any]) -> None:
        self.function = function
        self._text = text
        self._terms = terms
        self._name = function.__qualname__.rpartition("<locals>.")[2]
        try:  # now: a file may be another one later
            self._source = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError):
            self._source = ""

    def ask(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:
        """Put the question about one call.

        Raises:
            TypeError: The arguments do not fit the function: it is not asked about, as it would not run.
            CannotAsk: Nobody could answer, or the source cannot be shown.
        """
        code = self._code(args, kwargs)
        if not self._source:
            raise CannotAsk(f"the source of {self._name} cannot be read: nobody could see what would run")

        def alteration() -> str:
            is_same = self._code(args, kwargs) == code
            return "" if is_same else "the arguments have changed since they were shown"

        return put(self._text, self._terms, code, alteration=alteration)

    def _code(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """The function, and the call with its arguments by name, defaults among them."""
        bound = inspect.signature(self.function).bind(*args, **kwargs)
        bound.apply_defaults()
        given = [f"    {name}={_shown(value)}," for name, value in bound.arguments.items()]
        return "\n".join([self._source.rstrip(), "", f"{self._name}(", *given, ")", ""])


def _synchronous(call: _Call) -> Callable[..., Any]:
    def guarded(*args: Any, **kwargs: Any) -> Any:
        asked = call.ask(args, kwargs)
        hold(asked, raises=True)
        with asked.running():
            return call.function(*args, **kwargs)

    return guarded


def _asynchronous(call: _Call) -> Callable[..., Awaitable[Any]]:
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        asked = call.ask(args, kwargs)
        await hold_async(asked, raises=True)
        with asked.running():
            return await call.function(*args, **kwargs)

    return guarded


def _shown(value: object) -> str:
    """An argument as Python would write it, where its `repr` does."""
    try:
        text = repr(value)
    except Exception as error:  # the user's own code
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    if len(text) <= ARGUMENT_CHARS:
        return text
    limit = uncut(secrets_in(text), ARGUMENT_CHARS)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:limit]}… ({len(text):,} characters, SHA-256 {digest})"
