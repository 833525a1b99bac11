"""How a program of this folder is driven: once, as a script, or many times, as told."""

from __future__ import annotations

import atexit
import sys
import time
from collections.abc import Callable
from typing import Any

Post = Callable[[str], Any]


def say_peak() -> None:
    """The most memory that this process has had until then, in MiB: said at its very end."""
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib is more to load than a floor needs
        print(int(status.read().partition("VmHWM:")[2].split()[0]) / 1024, flush=True)


if sys.argv[-1] == "once":
    atexit.register(say_peak)  # the first that is registered is called last


def serve(post: Post, settle: Callable[[Any], object] = lambda posted: None) -> None:
    """With `once` as its last word post once and end; else as each line of standard input says.

    A line is how often to post, and whether to wait each time until it has arrived. The answer is a pair for
    each post: when it began, and when the caller could go on.

    Args:
        post: What is timed; its text is another one each time.
        settle: Called with what that returned, and not timed: waits until it has arrived.
    """
    if sys.argv[-1] == "once":
        post("0")
        return
    import json  # a script that posts once has no use for it

    print("0", flush=True)
    for line in sys.stdin:
        count, waits = json.loads(line)
        print(json.dumps(_timed(post, settle, count, waits)), flush=True)


def _timed(post: Post, settle: Callable[[Any], object], count: int, waits: bool) -> list[tuple[float, float]]:
    times = []
    for number in range(count):
        began_s = time.monotonic()
        posted = post(str(number))
        times.append((began_s, time.monotonic()))
        if waits:
            settle(posted)
    return times
