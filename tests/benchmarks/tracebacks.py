"""What a traceback of very many frames costs: told for a chat, and in the cell that fails with it."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from nbalert.tracebacks import readable
from tests.benchmarks import homes
from tests.benchmarks.figures import Figure, Scale
from tests.benchmarks.front import Front
from tests.benchmarks.service import Service
from tests.processes import webhook_table

TITLE = "A traceback"
FRAMES = (10, 100, 1000)
LIMIT_MS = 50.0
ROUNDS, CELL_ROUNDS = 15, 5
DEEP = """
import sys; sys.setrecursionlimit(5000)
def even(n): return odd(n - 1) if n else 1 / 0
def odd(n): return even(n - 1) if n else 1 / 0
"""
"""Two functions that call each other: not the recursion that is told in one line."""


def measure(scale: Scale) -> Iterator[Figure]:
    """Alone, then what the front end waits for, beside IPython's own."""
    for frames in scale.steps(*FRAMES):
        times = tuple(_told_ms(frames) for _ in range(scale.times(ROUNDS)))
        yield Figure(TITLE, "told for a chat, frames", "nbalert", "ms", times, frames, LIMIT_MS)
    with Service() as service, homes.made(f'default = "ci"\n{webhook_table("ci", service.url)}') as home:
        env = dict(homes.env(home))
        with tempfile.TemporaryDirectory() as folder, Front(sys.executable, Path(folder), env) as front:
            yield from _failed(front, scale)


def _told_ms(frames: int) -> float:
    """In time of the processor."""
    space: dict[str, object] = {}
    exec(DEEP, space)
    try:
        space["even"](frames)  # type: ignore[operator]
    except ZeroDivisionError as error:
        began = time.thread_time()
        readable(error)
        return (time.thread_time() - began) * 1000
    raise RuntimeError("it has not failed")


def _failed(front: Front, scale: Scale) -> Iterator[Figure]:
    front.run(f"%load_ext nbalert\n{DEEP}")
    name = "a cell that fails, frames"
    for frames in scale.steps(*FRAMES):
        code = f"even({frames})"
        pairs = [
            [front.trip(one, rest_s=0.1, status="error").whole_ms for one in (f"%%alert\n{code}", code)]
            for _ in range(scale.times(CELL_ROUNDS) + 1)
        ][1:]
        some, others = zip(*pairs, strict=True)
        yield Figure(TITLE, name, "nbalert", "ms", some, frames)
        yield Figure(TITLE, name, "without", "ms", others, frames)
        added = statistics.median(one - other for one, other in pairs)
        yield Figure(TITLE, f"added to {name}", "nbalert", "ms", (added,), frames, LIMIT_MS)
