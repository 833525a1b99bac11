"""What a cell costs with nbalert: with the extension alone, under `%%alert`, and when it prints much.

In each comparison the two ways take turns in one kernel: neither the machine's mood nor another kernel's
memory is measured.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

from nbalert.home import Home
from nbalert.spool import Spool
from tests.benchmarks import environments, homes
from tests.benchmarks.figures import Figure, Scale
from tests.benchmarks.front import NOTED, Front, Trip
from tests.benchmarks.service import Service
from tests.processes import couriers, webhook_table

TITLE = "Cells"
TRIP, END, ADDED = "round trip of a cell with an alert", "cell end → reply", "added to the round trip"
PLAIN_ROUNDS, PLAIN_BLOCK = 24, 40
ALERT_ROUNDS, PRINT_ROUNDS = 120, 10
REST_S = 0.03
"""By then the courier, which shares the machine's cores, has sent the alert."""
SHARE, ADDED_MS, PRINTED_SHARE = 1.0, 1.0, 5.0
"""Budgets, in per cent, ms and per cent."""
STATES = {
    "extension loaded": ("%load_ext nbalert", "%unload_ext nbalert"),
    "auto mode on": ("%load_ext nbalert\n%nbalert auto 60s", "%nbalert auto off\n%unload_ext nbalert"),
}
"""What is on → how to switch it on and off."""
PRINTING = {
    "cell that prints 100,000 lines": "for n in range(100_000): print('step', n)",
    "cell that ticks a tqdm bar 800 times": (
        "from tqdm import tqdm\nfor n in tqdm(range(800), mininterval=0): pass"
    ),
}
KNOCK = """
from knockknock import slack_sender
@slack_sender(webhook_url="{url}/services/x", channel="c")
def work():
    global ended_at
    import time; ended_at = time.monotonic()
"""
PEERS = {
    "knockknock": (KNOCK, "work()"),
    "jupyternotify": ("%load_ext jupyternotify", f"%%notify\n{NOTED}"),
}
"""Peer → what its user writes first, and the cell; without it that is `NOTED`."""


def measure(scale: Scale) -> Iterator[Figure]:
    """All of it; cells of our own first."""
    with Service() as service, homes.made(f'default = "ci"\n{webhook_table("ci", service.url)}') as home:
        with _front(sys.executable, home) as front:
            yield from _plain(front, scale)
            yield from _alerted(front, home, scale)
            yield from _printing(front, scale)
        for peer in PEERS:
            yield from _peer(peer, service, home, scale)


@contextmanager
def _front(python: str, home: Home) -> Iterator[Front]:
    with tempfile.TemporaryDirectory() as folder, Front(python, Path(folder), dict(homes.env(home))) as front:
        yield front


def _plain(front: Front, scale: Scale) -> Iterator[Figure]:
    for name, (on, off) in STATES.items():
        blocks: dict[str, list[tuple[float, ...]]] = {"nbalert": [], "without": []}
        for _ in range(scale.times(PLAIN_ROUNDS)):
            for who, switch in (("nbalert", on), ("without", off)):
                front.run(switch)
                blocks[who].append(tuple(front.trip("1").whole_ms for _ in range(PLAIN_BLOCK)))
        shares = tuple(map(_share, blocks["nbalert"], blocks["without"]))
        for who, some in blocks.items():
            yield Figure(TITLE, f"round trip, {name}", who, "ms", tuple(ms for block in some for ms in block))
        note = "medians of blocks of cells that take turns in one kernel"
        yield Figure(TITLE, f"{ADDED}, {name}", "nbalert", "%", shares, budget=SHARE, note=note)


def _share(some: tuple[float, ...], others: tuple[float, ...]) -> float:
    """By how many per cent the one median is more than the other."""
    return (statistics.median(some) / statistics.median(others) - 1) * 100


def _alerted(front: Front, home: Home, scale: Scale) -> Iterator[Figure]:
    front.run("%load_ext nbalert")
    turns = _turns(front, {"nbalert": f"%%alert\n{NOTED}", "without": NOTED}, scale)
    yield from _compared("nbalert", turns, budget=ADDED_MS)
    yield from _on_disk(front, home, scale)


def _on_disk(front: Front, home: Home, scale: Scale) -> Iterator[Figure]:
    """How many alerts are in the spool when the reply is there; the courier is held, and takes none."""
    count = scale.times(30)
    (courier,) = couriers(home)
    os.kill(courier, signal.SIGSTOP)
    try:
        for _ in range(count):
            front.trip(f"%%alert\n{NOTED}")
        there = Spool(home.spool).count()
    finally:
        os.kill(courier, signal.SIGCONT)
    yield Figure(TITLE, "on disk when the reply is there", "nbalert", "%", (100 * there / count,))


def _turns(front: Front, codes: Mapping[str, str], scale: Scale) -> dict[str, list[Trip]]:
    trips: dict[str, list[Trip]] = {who: [] for who in codes}
    for code in codes.values():
        front.trip(code, rest_s=1.0)
    for order in _orders(list(codes), scale.times(ALERT_ROUNDS)):
        for who in order:
            trips[who].append(front.trip(codes[who], rest_s=REST_S))
    return trips


def _orders(names: list[str], count: int) -> Iterator[list[str]]:
    """Who comes first changes: the second one of a pair may always be the slower one."""
    return islice(cycle((names, names[::-1])), count)


def _compared(who: str, turns: Mapping[str, list[Trip]], budget: float | None = None) -> Iterator[Figure]:
    some, others = turns[who], turns["without"]
    note = "beside the same cell without it, in turns in one kernel" if budget else ""
    yield Figure(TITLE, TRIP, who, "ms", tuple(one.whole_ms for one in some))
    yield Figure(TITLE, END, who, "ms", tuple(one.after_ms for one in some))
    if budget:
        yield Figure(TITLE, TRIP, "without", "ms", tuple(one.whole_ms for one in others))
        yield Figure(TITLE, END, "without", "ms", tuple(one.after_ms for one in others))
    added = tuple(one.whole_ms - other.whole_ms for one, other in zip(some, others, strict=True))
    yield Figure(TITLE, ADDED, who, "ms", added, budget=budget, note=note)


def _printing(front: Front, scale: Scale) -> Iterator[Figure]:
    for name, code in PRINTING.items():
        codes = {"nbalert": f"%%alert\n{code}", "without": code}
        pairs = [
            {who: front.trip(codes[who], rest_s=0.2).whole_ms for who in order}
            for order in _orders(list(codes), scale.times(PRINT_ROUNDS) + 1)
        ][1:]
        for who in codes:
            yield Figure(TITLE, name, who, "ms", tuple(pair[who] for pair in pairs))
        shares = tuple((pair["nbalert"] / pair["without"] - 1) * 100 for pair in pairs)
        yield Figure(TITLE, f"added to a {name}", "nbalert", "%", shares, budget=PRINTED_SHARE)


def _peer(peer: str, service: Service, home: Home, scale: Scale) -> Iterator[Figure]:
    first, code = PEERS[peer]
    with _front(environments.python(peer), home) as front:
        front.run(first.format(url=service.url))
        turns = _turns(front, {peer: code, "without": NOTED}, scale)
    yield from _compared(peer, turns)
