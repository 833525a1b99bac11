"""A soak: three channels with faults, two kernels, 50,000 alerts and 500 asks an hour; nothing grows.

In CI it takes two minutes. An hour: `SOAK_MINUTES=60 pytest tests/reliability/test_soak.py --report`.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.process import client, finish
from tests.chat_servers.webhook import GARBAGE, HANG, OK, RESET, Answer, Request, Webhook, status
from tests.colleague import Colleague
from tests.crashes import settle
from tests.kernels import Kernel
from tests.processes import settings_file, webhook_table
from tests.reliability.conftest import Figure

pytestmark = pytest.mark.long

MINUTES = float(os.environ.get("SOAK_MINUTES", 2))
ALERTS = round(50_000 / 60 * MINUTES / 2)
"""Of each kernel."""
ASKS = round(500 / 60 * MINUTES / 2)
CHANNELS = ("one", "two", "three")
FAULTS = (status(500), status(429, Retry_After="1"), RESET, GARBAGE, HANG)
SAMPLE_S = 2.0
SEED = int(os.environ.get("CHAOS_SEED", random.randrange(10**6)))

CELL = f"""
import random, threading, time, nbalert
ended = []
def ask():
    for number in range({ASKS}):
        ended.append(nbalert.ask(f"NAME asks {{number}}", channel="inbox", timeout=60, raises=False).outcome)
        time.sleep({MINUTES * 60 / ASKS * 0.5})
asking = threading.Thread(target=ask)
asking.start()
began, step_s = time.monotonic(), {MINUTES * 60 / ALERTS}
for number in range({ALERTS}):
    nbalert.post(f"NAME {{number}}", channel={CHANNELS}[number % 3])
    time.sleep(max(0.0, began + number * step_s - time.monotonic()))
asking.join()
len(ended)
"""


@dataclass
class Course:
    """What a process holds, in the course of time."""

    process: psutil.Process
    memory: list[float] = field(default_factory=list)
    threads: list[float] = field(default_factory=list)
    files: list[float] = field(default_factory=list)

    def look(self) -> None:
        """One sample."""
        self.memory.append(self.process.memory_info().rss / 2**20)
        self.threads.append(self.process.num_threads())
        self.files.append(self.process.num_fds())

    @property
    def says(self) -> str:
        """The middle of the second quarter, and of the last."""
        return ", ".join(
            f"{name} {before:.1f} → {after:.1f}"
            for name, before, after in (
                ("MiB", *_early_and_late(self.memory)),
                ("threads", *_early_and_late(self.threads)),
                ("files", *_early_and_late(self.files)),
            )
        )

    def check(self) -> None:
        """Nothing grows: what a process has taken by its second quarter is enough for the rest."""
        for values, slack in ((self.memory, 4.0), (self.threads, 1.0), (self.files, 3.0)):
            before, after = _early_and_late(values)
            assert after <= before * 1.05 + slack, self.says


def _early_and_late(values: list[float]) -> tuple[float, float]:
    quarter = len(values) // 4
    return statistics.median(values[quarter : 2 * quarter]), statistics.median(values[-quarter:])


def moody(chance: random.Random) -> Answer:
    """What a service does now and then."""
    return chance.choice(FAULTS) if chance.random() < 0.02 else OK


@pytest.fixture
def servers(detached: Home) -> Iterator[list[Webhook]]:
    """Three channels, each with faults of its own."""
    with ExitStack() as stack:
        opened = []
        for number in range(len(CHANNELS)):
            chance = random.Random(f"{SEED} {number}")

            def answer(request: Request, chance: random.Random = chance) -> Answer:
                return moody(chance)

            opened.append(stack.enter_context(Webhook(answer)))
        tables = [
            webhook_table(name, server.url, "timeout_s = 1.0\n")
            for name, server in zip(CHANNELS, opened, strict=True)
        ]
        settings_file(detached.root, "".join(tables))
        yield opened


@pytest.mark.timeout(MINUTES * 60 * 3 + 300)
def test_soak(detached: Home, tmp_path: Path, servers: list[Webhook], figure: Figure) -> None:
    """Every alert arrives, in order, every ask ends as it was answered, and no process grows."""
    print(f"CHAOS_SEED={SEED}")
    with (
        Kernel(sys.executable, tmp_path) as first,
        Kernel(sys.executable, tmp_path) as second,
        Colleague(detached.inbox, chance=random.Random(SEED)) as colleague,
    ):
        kernels = {"ann": first, "ben": second}
        requests = {name: kernel.send(CELL.replace("NAME", name)) for name, kernel in kernels.items()}
        pids = [client().request({"do": "status"})["courier"]["pid"]]
        pids += [kernel.pid for kernel in kernels.values()]
        courses = [Course(psutil.Process(pid)) for pid in pids]
        ends_at = time.monotonic() + MINUTES * 60
        while time.monotonic() < ends_at:
            for kernel in kernels.values():
                kernel.listen(SAMPLE_S / len(kernels))
            for course in courses:
                course.look()
        for name, kernel in kernels.items():
            run = kernel.collect(requests[name], MINUTES * 60 + 120)
            assert (run.status, run.result) == ("ok", str(ASKS)), run.tracebacks
        settle()
    arrived = [server.titles for server in servers]
    figure("soak: minutes, alerts, asks", f"{MINUTES:g}, {sum(map(len, arrived))}, {2 * ASKS}")
    figure("soak: answers given", len(colleague.said))
    for name, course in zip(("courier", "first kernel", "second kernel"), courses, strict=True):
        figure(f"soak: {name}", course.says)
    for number, titles in enumerate(arrived):
        for name in kernels:
            own = [title for title in titles if title.startswith(name)]
            assert own == [f"{name} {n}" for n in range(number, ALERTS, 3)]
    for course in courses:
        course.check()
    finish()
    stop_courier(detached)
