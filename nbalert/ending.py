"""A process's end: how long it waits for its deliveries, and how it says what is left."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

INTERACTIVE_WAIT_S = 2.0
"""A person restarts a kernel and waits for it; the courier of another process goes on."""
UNATTENDED_WAIT_S = 30.0
"""A container often ends with its script: nobody might come to send what is left."""
LOOK_S = (0.002, 0.05)
"""Between two looks at what is left: the first pause, doubled each time, and the longest."""

_is_forked = False


@dataclass
class Hurry:
    """Whether somebody wants this process to end sooner, and has been told what is left."""

    is_wanted: bool = False
    is_told_of: bool = False


def wait_s() -> float:
    """How long this kind of process waits, unless settings say otherwise.

    Kernels without a session are those of papermill and nbclient. IPython gives every kernel a prompt, so
    that `sys.ps1` tells nothing there; a script that a notebook starts inherits its session, and is a script.
    """
    is_interactive = "JPY_SESSION_NAME" in os.environ if _is_kernel() else hasattr(sys, "ps1")
    return INTERACTIVE_WAIT_S if is_interactive else UNATTENDED_WAIT_S


def wait_for(
    left: Callable[[], int], seconds: float, hurry: Hurry, look: Callable[[], None] = lambda: None
) -> int:
    """Wait until nothing is left, and say once what is left should somebody want this process to end.

    Args:
        left: Counts the deliveries that are left.
        seconds: The longest wait.
        hurry: Of `sigterm_held_off`.
        look: Shows how far it is.

    Returns:
        How many are left after all.
    """
    deadline = time.monotonic() + seconds
    pause_s, longest_s = LOOK_S
    while (count := left()) and time.monotonic() < deadline:
        if hurry.is_wanted and not hurry.is_told_of:
            say_left(count)
            hurry.is_told_of = True
        look()
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, longest_s)
    return count


@contextlib.contextmanager
def sigterm_held_off() -> Iterator[Hurry]:
    """In a kernel that ends, go on over SIGTERM.

    Jupyter sends it 2.5 s after it has told a kernel to end, and SIGKILL as much later: that time is ours.
    A script ends at SIGTERM as ever.
    """
    hurry = Hurry()

    def note(number: int, frame: FrameType | None) -> None:
        hurry.is_wanted = True  # and no more: the thread that is stopped here may hold any lock

    if not _is_kernel():
        yield hurry
        return
    try:
        before = signal.signal(signal.SIGTERM, note)
    except ValueError:  # not on the main thread
        yield hurry
        return
    try:
        yield hurry
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """While the block runs, SIGTERM interrupts as Ctrl-C does: what is under way is ended in order."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def say_left(count: int) -> None:
    """One line on this process's own standard error: nobody reads a kernel's stream any more at its end."""
    line = f"nbalert: {count} alert(s) still on the way, and kept (nbalert status says what they wait for)\n"
    for stream in (sys.stderr, sys.__stderr__):
        with contextlib.suppress(Exception):  # it may be closed, or no file at all
            assert stream is not None
            os.write(stream.fileno(), line.encode())
            return


def _is_kernel() -> bool:
    if _is_forked:
        return False
    shells = sys.modules.get("IPython.core.getipython")
    return shells is not None and hasattr(shells.get_ipython(), "kernel")


def _note_fork() -> None:
    """A kernel's worker is none: its pool ends it with SIGTERM."""
    global _is_forked
    _is_forked = True


os.register_at_fork(after_in_child=_note_fork)
