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


def main() -> None:
    """Print the figures."""
    router, messages = Router(handlers(), {"everything": False, "changes": True}), bodies()
    reached = [0]

    def route(message: dict[str, object]) -> None:
        alert = Alert.of(message)
        reached[0] += len(grouped(router.hearings(alert, Change(Level.OK, alert.level)), lambda one: False))

    first, second = took_us(route, messages), took_us(route, messages)
    tracemalloc.start()
    took_us(route, messages)
    held = tracemalloc.get_traced_memory()[0]
    took_us(route, messages)
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    encoded = took_us(json.dumps, messages)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.db")
        noted = took_us(_noting(store), messages[:1000])
        store.close()
    each, ratio = reached[0] / 4 / ALERTS, second / encoded
    print(f"{ALERTS:,} alerts, {TOPICS} topics, {HANDLERS} handlers, {each:.1f} channels each")
    print(f"who hears it: {first:.1f} µs, again {second:.1f} µs, {ratio:.2f} × writing it as JSON")
    print(f"its level in the store, a transaction each: {noted:.0f} µs")
    print(f"memory after ten thousand more: {grown:+,} bytes")


def _noting(store: Store) -> Callable[[dict[str, object]], None]:
    levels, numbers = Levels(store), itertools.count()

    def note(message: dict[str, object]) -> None:
        with store.transaction():
            levels.note(Arrival(str(next(numbers)), time.time(), "o", "p", message))

    return note


if __name__ == "__main__":
    main()
