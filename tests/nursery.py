"""Processes that alert or ask without end, to be killed: forked from one warm process, and so cheap.

Each writes down what was accepted, asked and run, one line a fact, the moment it is so: a line that is there
was written before the kill.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import nbalert.courier.office  # noqa: F401 - imported here once, and not by each that is forked
from nbalert.__main__ import main
from nbalert.asking import hold, put
from nbalert.courier import detached
from nbalert.home import Home
from nbalert.posting import post
from nbalert.process import finish
from nbalert.terms import Terms
from tests.processes import Script

CHANNEL = "ci"
"""What posters post to; askers ask on the inbox."""


class Nursery:
    """The warm process. Use as a context manager: whatever it forked is gone afterwards.

    Args:
        record: The file of facts.
    """

    def __init__(self, record: Path) -> None:
        self._record = record
        self._script = Script("from tests.nursery import serve; serve()", env={"RECORD": str(record)})
        self._names = itertools.count()
        self.alive: dict[str, int] = {}

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *exc: object) -> None:
        self._script.__exit__()

    def begin(self, what: str, timeout_s: float = 0) -> str:
        """Fork one that does `post` or `ask` until it is killed; its name."""
        name = f"{what}-{next(self._names)}"
        self._script.tell(f"{what} {name} {timeout_s}")
        self.alive[name] = int(self._script.line())
        return name

    def begin_courier(self) -> None:
        """Fork one that serves the home, unless somebody is faster: a start without all the imports."""
        self._script.tell("courier - 0")
        self._script.line()

    def begin_inbox(self, port: int) -> int:
        """Fork one that serves a team's inbox; its pid."""
        self._script.tell(f"inbox - {port}")
        return int(self._script.line())

    def kill(self, name: str) -> None:
        """SIGKILL."""
        os.kill(self.alive.pop(name), signal.SIGKILL)

    def end(self) -> None:
        """No more questions: those that wait are waited for, posters stop between two posts."""
        for pid in self.alive.values():
            with contextlib.suppress(ProcessLookupError):  # it may have ended already
                os.kill(pid, signal.SIGTERM)
        self._script.tell("end")
        assert self._script.end(60) == 0, self._script.stderr

    def facts(self) -> dict[str, list[str]]:
        """What was written down: kind of fact → the rest of its lines, oldest first."""
        found: dict[str, list[str]] = defaultdict(list)
        lines = self._record.read_text().splitlines() if self._record.exists() else ()
        for line in lines:
            kind, _, rest = line.partition(" ")
            found[kind].append(rest)
        return found


def serve() -> None:
    """Be the warm process: fork what standard input says."""
    for line in sys.stdin:
        if line == "end\n":
            break
        what, name, timeout_s = line.split()
        pid = os.fork()
        if not pid and what == "courier":
            _serve(lambda: detached.run(Home.find(), is_detached=True))
        elif not pid and what == "inbox":
            _serve(partial(main, ["inbox", "--port", timeout_s]))
        elif not pid:
            _live(what, name, float(timeout_s))
        print(pid, flush=True)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _serve(live: Callable[[], object]) -> None:
    """A server's life, as one that a kernel or a person has started leads it; it never returns."""
    try:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - its descriptor is what is wanted
            for descriptor in (1, 2):
                os.dup2(nowhere.fileno(), descriptor)
        live()
    finally:
        os._exit(0)


def _live(what: str, name: str, timeout_s: float) -> None:
    """A child's life; it never returns."""
    is_told = [False]
    signal.signal(signal.SIGTERM, lambda *_: is_told.__setitem__(0, True))
    record = os.open(os.environ["RECORD"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for number in itertools.count():
            if is_told[0]:
                break
            if what == "post":
                _post(f"{name} {number}", record)
            else:
                _ask(f"{name} {number}", timeout_s, record)
    finally:
        finish()
        os._exit(0)


def _post(title: str, record: int) -> None:
    post(title, channel=CHANNEL)
    _write(record, f"accepted {title}")
    time.sleep(random.uniform(0, 0.04))


def _ask(title: str, timeout_s: float, record: int) -> None:
    asked = put(f"{title}?", Terms(timeout_s=timeout_s))
    _write(record, f"asked {asked.question.id}")
    decision = hold(asked, raises=False)
    if decision:
        _write(record, f"ran {asked.question.id}")  # the body
    _write(record, f"ended {asked.question.id} {decision.outcome.value}: {decision.reason}")


def _write(record: int, fact: str) -> None:
    os.write(record, f"{fact}\n".encode())
