"""Holds a cell until a future has its result, while the kernel stays alive.

`wait_for` blocks synchronous code, yet the user's tasks run, widgets answer and queued cells keep their
place: nest-asyncio2 turns the kernel's loop inside the cell, for the length of this wait only, and `gate.py`
lets clicks in. Nothing is polled: result, timeout, interrupt and shutdown each wake the
loop. Where a piece of that is missing (a script, a thread, another loop, a private name gone) the wait is a
plain one.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import importlib.util
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from nbalert.gate import Gate, gate_for

T = TypeVar("T")

_ABSENT = object()
_SLICE_S = 0.5  # of a plain wait: a lock cannot be interrupted on every system


def wait_for(future: Future[T], timeout_s: float | None = None) -> T:
    """Block until the future is done; in a kernel, keep it alive meanwhile.

    The future may be set on any thread. Nested waits end last-in first-out: a task that must not keep others
    waiting has `await asyncio.wrap_future(future)`.

    Args:
        future: Its result is returned, its exception raised.
        timeout_s: Seconds; None waits for ever.

    Raises:
        TimeoutError: No result in time.
        KeyboardInterrupt: The cell was interrupted, or the kernel is shutting down. An interrupt wins over a
            result that came at the same time.
        asyncio.CancelledError: The same, in a task of the user's own: from there asyncio would carry a
            KeyboardInterrupt out of the loop, and the kernel would exit.
    """
    if future.done():
        return future.result()
    gate = _gate_here()
    return _plain_wait(future, timeout_s) if gate is None else _live_wait(future, timeout_s, gate)


def can_hold() -> bool:
    """Whether a click on a widget would be delivered while `wait_for` blocks here: if not, show no button."""
    return _gate_here() is not None


def lack() -> str:
    """What of its own this ipykernel lacks for a live wait; empty where nothing, or where none runs."""
    kernel = (
        getattr(sys.modules["IPython"].get_ipython(), "kernel", None) if "IPython" in sys.modules else None
    )
    if kernel is None:
        return ""
    try:
        gate_for(kernel)
    except (AttributeError, LookupError) as error:
        return str(error)
    return ""


def _gate_here() -> Gate | None:
    """A gate for the kernel that runs this code; None where only the plain wait is possible."""
    if threading.current_thread() is not threading.main_thread() or not _can_nest():
        return None
    try:
        loop: Any = asyncio.get_running_loop()
        loop._ready, loop._run_once, loop._stopping  # noqa: B018 - they must be there
        kernel = sys.modules["IPython"].get_ipython().kernel
        # A GUI's loop (%gui) would be entered from inside the wait and not left before the next message.
        if not isinstance(loop, asyncio.BaseEventLoop) or kernel.eventloop is not None:
            return None
        return gate_for(kernel)
    except (AttributeError, LookupError, RuntimeError, TypeError):
        return None


@functools.cache
def _can_nest() -> bool:
    return importlib.util.find_spec("nest_asyncio2") is not None


def _plain_wait(future: Future[T], timeout_s: float | None) -> T:
    ends_at = float("inf") if timeout_s is None else time.monotonic() + timeout_s
    while not future.done():
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(f"no result after {timeout_s} s")
        concurrent.futures.wait([future], min(left_s, _SLICE_S))
    return future.result()


def _live_wait(future: Future[T], timeout_s: float | None, gate: Gate) -> T:
    loop: Any = asyncio.get_running_loop()
    done = loop.create_future()

    def finish() -> None:
        if not done.done():
            done.set_result(None)

    def wake(*_: object) -> None:
        with suppress(RuntimeError):  # the loop may be closed when the result comes
            loop.call_soon_threadsafe(finish)

    timer = None if timeout_s is None else loop.call_later(timeout_s, finish)
    interrupt = _Interrupt(wake)
    gate.on_interrupt = interrupt.note
    try:
        with interrupt, _reentrant(loop), gate:
            future.add_done_callback(wake)
            _turn(loop, done)
    finally:
        if timer is not None:
            timer.cancel()
    if interrupt.came or (loop._stopping and not future.done()):
        raise interrupt.error
    if not future.done():
        raise TimeoutError(f"no result after {timeout_s} s")
    return future.result()


def _turn(loop: Any, done: asyncio.Future[None]) -> None:
    """Turn the running loop, from inside one of its own callbacks, until `done` is.

    The loop's stock `_run_once` below us pops as many handles as were ready when it began. Where this run
    took them, it would find its queue empty and the kernel would die of an IndexError: cancelled ones take
    their place.
    """
    owed = len(loop._ready)
    try:
        loop.run_until_complete(done)
    except RuntimeError:
        if not loop._stopping:  # else a shutdown ended the run before `done`
            raise
    finally:
        while len(loop._ready) < owed:
            handle = asyncio.Handle(lambda: None, (), loop)
            handle.cancel()
            loop._ready.append(handle)


class _Interrupt:
    """Notes SIGINT during a wait: the wait shall raise it, not whichever task of the user's just runs."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.came = False
        self._wake = wake
        self._in_cell = _in_cell()

    @property
    def error(self) -> BaseException:
        """What the interrupted code gets to see."""
        return KeyboardInterrupt() if self._in_cell else asyncio.CancelledError("interrupted")

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, self._on_sigint)

    def __exit__(self, *exc: object) -> None:
        # Not ours any more: a cell that began during the wait of a background task has put its own there.
        if signal.getsignal(signal.SIGINT) == self._on_sigint:
            signal.signal(signal.SIGINT, self._before)

    def note(self) -> None:
        """End the wait."""
        self.came = True
        self._wake()

    def _on_sigint(self, signum: int, frame: FrameType | None) -> None:
        self.note()
        if not self._in_cell and callable(self._before):  # the running cell is meant as well
            self._before(signum, frame)


def _in_cell() -> bool:
    """Whether IPython or the kernel stands between this code and the loop, to catch a KeyboardInterrupt."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code is not asyncio.Handle._run.__code__:
        if frame.f_globals.get("__name__", "").partition(".")[0] in ("IPython", "ipykernel"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def _reentrant(loop: Any) -> Iterator[None]:
    """Make the loop reentrant while the block runs.

    `nest_asyncio2.apply()` is meant to last, and costs the user a third of the speed of tasks: it puts the
    Python Task and Future in the place of the C ones, and changes `asyncio.run`, the policy, tornado and the
    loop's class. All but the class is put back before the block runs. The loop gets a class of its own for
    the block: other threads have loops of the old one, and one that begins now would fail when it ends.
    """
    import nest_asyncio2

    if hasattr(loop, "_nest_asyncio2"):  # the user's own apply(), or a wait around this one
        yield
        return
    own = type(loop)
    is_patched = "_nest_patched" in vars(own)
    on_asyncio, *others = (_Patched(place) for place in (asyncio, *_other_places()))
    for place in (own, asyncio):
        if "_nest_patched" in vars(place):  # by nest-asyncio 1.6, which loses messages on ipykernel 7
            delattr(place, "_nest_patched")
    loop.__class__ = type(own.__name__, (own,), {})
    nest_asyncio2.apply(loop)
    if is_patched:
        own._nest_patched = True
    for patched in (on_asyncio, *others):
        patched.compare()
    for patched in (on_asyncio, *others):
        patched.restore()
    try:
        yield
    finally:
        if "_nest_patched" in on_asyncio.before or not hasattr(asyncio, "_nest_patched"):
            loop.__class__ = own  # else the user has applied one of the two meanwhile


def _other_places() -> Iterator[Any]:
    """What `apply()` changes beside the loop's class and asyncio."""
    yield from (asyncio.tasks, asyncio.futures, asyncio.events, sys.modules["nest_asyncio2"])
    if sys.version_info < (3, 14):  # from there on the policy is deprecated, and left alone
        yield type(asyncio.get_event_loop_policy())
    if "tornado.concurrent" in sys.modules:
        yield sys.modules["tornado.concurrent"]


class _Patched:
    """A module or class, as it was before `apply()` and what that changed."""

    def __init__(self, place: Any) -> None:
        self._place = place
        self.before = dict(vars(place))

    def compare(self) -> None:
        """Note what has changed since."""
        now = vars(self._place).items()
        self._changed = {name: value for name, value in now if self.before.get(name, _ABSENT) is not value}

    def restore(self) -> None:
        """Put back what was changed, except where somebody has changed it again."""
        for name, value in self._changed.items():
            if vars(self._place).get(name, _ABSENT) is not value:
                continue
            if name in self.before:
                setattr(self._place, name, self.before[name])
            else:
                delattr(self._place, name)
