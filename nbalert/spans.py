"""`watching()`: tell how a block, or each call of a function, has ended. For code outside of cells."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import ParamSpec, TypeVar, cast

from nbalert.client import Client
from nbalert.durations import parse_duration, parse_interval
from nbalert.endings import Telling, checked_on, ending, outcome_of, telling
from nbalert.message import Message
from nbalert.posting import addressed, here, leave
from nbalert.process import client
from nbalert.runs import Run
from nbalert.tracebacks import readable

_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")


class watching:  # noqa: N801 - used as a function: `with watching("training"):`
    """Tell a channel how something has ended, and how long it took; exceptions pass unchanged.

    Should the process die meanwhile, that is told as well.

    Examples:
        with nbalert.watching("training", channel="team"):
            model.fit(data)

        @nbalert.watching("nightly load", on="failure,change", after="10m")
        async def load(): ...

        with nbalert.watching("backfill", every="10m"):
            backfill()

    Args:
        title: What it is, in a few words.
        channel: One name or several; None means the default channel, or with a topic who subscribes to it.
        on: `always`, `failure`, `success`, or `change`: only where it ends otherwise than the last time.
            Several with commas between: `failure,change`.
        after: Seconds, or `10m`: only if it took longer.
        topic: What handlers of the settings subscribe to.
        every: Seconds, or `10m`: so often one message says that it still runs, and becomes that of its end.
    """

    def __init__(
        self,
        title: str,
        *,
        channel: str | Sequence[str] | None = None,
        on: str = "always",
        after: float | str = 0.0,
        every: float | str | None = None,
        topic: str = "",
    ) -> None:
        self._title, self._topic = title, topic
        names = [channel or ""] if channel is None or isinstance(channel, str) else list(channel)
        self._channels = addressed(names, "" if every else topic)
        self._on = checked_on(on)
        self._after_s = parse_duration(after) if isinstance(after, str) else after
        self._every_s = 0.0 if every is None else parse_interval(str(every))
        self._open: list[_Watched] = []

    def __enter__(self) -> None:
        run = Run(
            title=self._title,
            channels=self._channels,
            topic=self._topic,
            source=here(),
            every_s=self._every_s,
            after_s=self._after_s,
        )
        self._open.append(_Watched(client(), run))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        watched = self._open.pop()
        if not watched.is_ours:  # a child that was forked within leaves it, too
            return
        try:
            self._tell(error, watched.duration_s, watched.run.continued)
        finally:
            watched.end()

    def __call__(self, function: Callable[_Params, _Result]) -> Callable[_Params, _Result]:
        """The function, each call of it watched."""
        if inspect.iscoroutinefunction(function):
            return cast("Callable[_Params, _Result]", self._around_coroutine(function))

        @functools.wraps(function)
        def watched(*args: _Params.args, **kwargs: _Params.kwargs) -> _Result:
            with self._again():
                return function(*args, **kwargs)

        return watched

    def _around_coroutine(self, function: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(function)
        async def watched(*args: object, **kwargs: object) -> object:
            with self._again():
                return await function(*args, **kwargs)  # type: ignore[misc]

        return watched

    def _again(self) -> watching:
        """One of its own a call: calls overlap in tasks and threads."""
        return watching(
            self._title,
            channel=self._channels,
            on=self._on,
            after=self._after_s,
            every=self._every_s or None,
            topic=self._topic,
        )

    def _tell(self, error: BaseException | None, duration_s: float, run: str) -> None:
        outcome = outcome_of(error)
        how = telling(self._on, outcome) if duration_s >= self._after_s else Telling.END
        if how is Telling.END and not run:
            return
        title, level = ending(self._title, outcome, duration_s)
        story = "" if error is None else readable(error)
        message = Message(
            title=title,
            level=level,
            error=story.partition("\n")[0],
            traceback=story,
            duration_s=duration_s,
            topic=self._topic,
            alert=self._title,
            source=here(),
        )
        if fault := leave(message, self._channels, run=run, telling=how):
            print(f"nbalert: {fault}", file=sys.stderr)


class _Watched:
    """Something that runs: the courier knows of it, for the case that this process dies."""

    def __init__(self, sender: Client, run: Run) -> None:
        self.run = run
        self._client = sender
        self._pid = os.getpid()
        self._began_s = time.perf_counter()
        sender.start()
        run.begin(sender)

    @property
    def is_ours(self) -> bool:
        return self._pid == os.getpid()

    @property
    def duration_s(self) -> float:
        return time.perf_counter() - self._began_s

    def end(self) -> None:
        self.run.end(self._client)
