"""One alert after another, everything warm: what the caller waits, and when the service has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.benchmarks import adapter, homes
from tests.benchmarks.adapter import Adapter
from tests.benchmarks.figures import Figure, Scale
from tests.benchmarks.service import Service
from tests.processes import webhook_table

TITLE = "An alert, warm"
ARRIVES, WAITS = "accepted → answered by the service", "the caller waits"
ARRIVES_MS, WAITS_MS = 3.0, 1.0
ROUNDS = 300
WARMING = 20
OWN_NOTE = "each waits for the one before; what is accepted is on disk"


def measure(scale: Scale) -> Iterator[Figure]:
    """All to one service, one program after another."""
    with Service() as service:
        with homes.made(webhook_table("ci", f"{service.url}/alert")) as home:
            argv = adapter.command("post_nbalert", "ci")
            waits, arrives = _times(service, argv, scale, homes.env(home), is_background=True)
        yield Figure(TITLE, ARRIVES, "nbalert", "ms", arrives, budget=ARRIVES_MS, note=OWN_NOTE)
        yield Figure(TITLE, WAITS, "nbalert", "ms", waits, budget=WAITS_MS)
        for who, argv in _others(service.url).items():
            waits, arrives = _times(service, argv, scale)
            yield Figure(TITLE, ARRIVES, who, "ms", arrives)
            yield Figure(TITLE, WAITS, who, "ms", waits)


def _others(url: str) -> Mapping[str, list[str]]:
    return {
        "floor": adapter.command("post_httpx", url),
        "slack_sdk": adapter.command("post_slack_sdk", url, "C1", peer="slack_sdk"),
        "apprise": adapter.command("post_apprise", url, peer="apprise"),
        "zenml": adapter.command("post_zenml", url, peer="zenml"),
    }


def _times(
    service: Service,
    argv: list[str],
    scale: Scale,
    env: Mapping[str, str] | None = None,
    *,
    is_background: bool = False,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Milliseconds that the caller waits, and until the service has answered.

    Args:
        is_background: Whether that counts from when the caller goes on, and not from the call.
    """
    with Adapter(argv, env) as program:
        program.hear()
        program.ask([WARMING, True])
        service.until(WARMING)
        service.forget()
        rounds = scale.times(ROUNDS)
        calls = program.ask([rounds, True])
        answered = service.until(rounds)
        service.forget()
    waits = tuple((ended - began) * 1000 for began, ended in calls)
    starts = [ended if is_background else began for began, ended in calls]
    return waits, tuple((at - start) * 1000 for start, at in zip(starts, answered, strict=True))
