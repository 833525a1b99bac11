"""Many alerts at once: how many a second arrive, and what memory the courier has at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.benchmarks import adapter, homes
from tests.benchmarks.adapter import Adapter
from tests.benchmarks.figures import RATE, Figure, Scale
from tests.benchmarks.service import Service
from tests.processes import couriers, webhook_table

TITLE = "Many alerts"
STEPS = 100, 1_000, 10_000
NOTE = "all are on disk before the first counts as accepted; the rate is until the last has arrived"


def measure(scale: Scale) -> Iterator[Figure]:
    """To one channel and to ten, of one script that posts as fast as it can."""
    with Service() as service:
        for names in (["c0"], [f"c{n}" for n in range(10)]):
            where = "one channel" if len(names) == 1 else "ten channels"
            for step in scale.steps(*STEPS):
                yield from _step(service, names, where, step)


def _step(service: Service, names: list[str], where: str, step: int) -> Iterator[Figure]:
    channels = ",".join(names)
    others = {
        "slack_sdk": adapter.command("post_slack_sdk", service.url, channels, peer="slack_sdk"),
        "floor": adapter.command("post_asyncio", service.url, channels),
    }
    rates = {who: _rate(service, argv, step) for who, argv in others.items()}
    settings = "".join(webhook_table(name, f"{service.url}/{name}") for name in names)
    with homes.made(settings) as home:
        argv = adapter.command("post_nbalert", channels)
        rate = _rate(service, argv, step, homes.env(home), len(names))
        memory = homes.peak_mib(couriers(home)[0])
    arrived = f"arrive, {where}"
    yield Figure(TITLE, arrived, "nbalert", RATE, (rate,), step, budget=rates["slack_sdk"])
    for who, other in rates.items():
        yield Figure(TITLE, arrived, who, RATE, (other,), step)
    yield Figure(TITLE, f"peak memory of the courier, {where}", "nbalert", "MiB", (memory,), step)


def _rate(
    service: Service, argv: list[str], count: int, env: Mapping[str, str] | None = None, warming: int = 1
) -> float:
    """Alerts a second, from the first call until the last one has arrived."""
    with Adapter(argv, env) as program:
        program.hear()
        program.ask([10 * warming, True])
        service.until(10 * warming)
        service.forget()
        began_s = program.ask([count, False])[0][0]
        arrived = service.until(count)
        service.forget()
    return float(count / (arrived[count - 1] - began_s))
