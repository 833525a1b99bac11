"""What it costs to find who hears an alert, beside writing down what was found.

Ten thousand alerts over a hundred topics and twenty handlers. Ratios within one run say more than
microseconds, which are another machine's.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nbalert.courier.levels import Levels
from nbalert.courier.noise import Arrival
from nbalert.courier.store import Store
from nbalert.handlers import Handler
from nbalert.matching import Alert, Change, Router, grouped
from nbalert.message import Level, Message, Source
from tests.benchmarks.figures import Figure, Scale

TITLE = "Routing"
ALERTS = 10_000
TOPICS = 100
HANDLERS = 20


def handlers() -> Iterator[Handler]:
    """Every fifth has filters, every tenth publishes; globs and names alike."""
    for number in range(HANDLERS):
        topic = f"topic-{number}*" if number % 2 else f"topic-{number}"
        table: dict[str, object] = {"id": f"h{number}", "topic": topic, "channel": f"c{number % 7}"}
        if number % 3 == 0:
            table["state_changes_only"] = True
        if number % 4 == 0:
            table["metadata"] = {"region": "eu"}
        if number % 5 == 0:
            table |= {"levels": ["CRITICAL", "WARNING"], "name": "job*", "notebook": "*.ipynb"}
        if number % 10 == 0:
            table["publish"] = [f"further-{number}"]
        yield Handler.model_validate(table)


def bodies() -> list[dict[str, object]]:
    """As they stand in the spool."""
    levels = itertools.cycle(Level)
    return [
        Message(
            title=f"job {number % 500} failed after 2 s",
            alert=f"job {number % 500}",
            level=next(levels),
            topic=f"topic-{number % TOPICS}",
            metadata={"region": "eu", "rows": number},
            source=Source(notebook="/home/ann/nightly.ipynb"),
            duration_s=2.0,
        ).to_json()
        for number in range(ALERTS)
    ]


def took_us(work: Callable[[dict[str, object]], object], messages: Sequence[dict[str, object]]) -> float:
    """Of one message, in time of the processor."""
    began_s = time.thread_time()
    for message in messages:
        work(message)
    return (time.thread_time() - began_s) / len(messages) * 1e6


def measure(scale: Scale) -> Iterator[Figure]:
    """All alerts several times over."""
    router, messages = Router(handlers(), {"everything": False, "changes": True}), bodies()

    def route(message: dict[str, object]) -> None:
        alert = Alert.of(message)
        grouped(router.hearings(alert, Change(Level.OK, alert.level)), lambda one: False)

    rounds, name = scale.times(5), "who hears an alert"
    note = f"{ALERTS:,} alerts, {TOPICS} topics, {HANDLERS} handlers; a sample is the mean of all alerts"
    yield Figure(TITLE, name, "nbalert", "µs", _several(route, messages, rounds), note=note)
    yield Figure(TITLE, name, "floor: written as JSON", "µs", _several(json.dumps, messages, rounds))
    yield Figure(TITLE, "memory after ten thousand more", "nbalert", "bytes", (_grown(route, messages),))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.db")
        noted = _several(_noting(store), messages[:1000], rounds)
        store.close()
    yield Figure(TITLE, "its level in the store, a transaction each", "nbalert", "µs", noted)


def _several(
    work: Callable[[dict[str, object]], object], messages: Sequence[dict[str, object]], rounds: int
) -> tuple[float, ...]:
    return tuple(took_us(work, messages) for _ in range(rounds))


def _grown(work: Callable[[dict[str, object]], object], messages: Sequence[dict[str, object]]) -> float:
    """Bytes that are held once it has been done for all again."""
    tracemalloc.start()
    took_us(work, messages)
    held = tracemalloc.get_traced_memory()[0]
    took_us(work, messages)
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    return float(grown)


def _noting(store: Store) -> Callable[[dict[str, object]], None]:
    levels, numbers = Levels(store), itertools.count()

    def note(message: dict[str, object]) -> None:
        with store.transaction():
            levels.note(Arrival(str(next(numbers)), time.time(), "o", "p", message))

    return note
