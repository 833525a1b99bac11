"""A script that posts one alert: from the start of its process until the service has it, and its memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from nbalert.home import Home
from tests.benchmarks import adapter, homes
from tests.benchmarks.figures import Figure, Scale
from tests.benchmarks.service import Service
from tests.kernels import Kernel
from tests.processes import couriers, wait_until, webhook_table

TITLE = "A script, from its start"
DELIVERED, MEMORY = "process start → delivered", "peak memory of the script"
KERNEL, COURIER = (
    "peak memory of a kernel that alerts, beyond one that does not",
    "peak memory of the courier",
)
ROUNDS = 20
KERNEL_MIB, COURIER_MIB = 15.0, 50.0


def measure(scale: Scale) -> Iterator[Figure]:
    """nbalert in its three ways, then the others; each script is a new process."""
    with Service() as service:
        settings = 'default = "ci"\n' + webhook_table("ci", f"{service.url}/alert")
        ours = adapter.command("post_nbalert", "ci", "once")
        with homes.made(settings) as home:
            _once(service, ours, homes.env(home))  # the courier runs from now on
            runs = _runs(service, ours, scale, homes.env(home))
            yield from _figures("nbalert", runs, 0.15, "a courier runs already")
            pid = couriers(home)[0]
            yield Figure(TITLE, COURIER, "nbalert", "MiB", (homes.peak_mib(pid),), budget=COURIER_MIB)
        with homes.made(settings) as home:
            runs = _runs(service, ours, scale, homes.env(home), lambda: homes.end_courier(home))
            yield from _figures("nbalert, no courier yet", runs, 0.5, "the first alert starts it")
        with homes.made(settings) as home:
            runs = _runs(service, ours, scale, homes.env(home, "inline"))
            yield from _figures("nbalert, inline", runs, 0.25, "the courier is a thread of the script")
        for who, argv in _others(service.url).items():
            yield from _figures(who, _runs(service, argv, scale))
        with homes.made(settings) as home:
            more = tuple(_kernel_mib(home, True) - _kernel_mib(home, False) for _ in range(scale.times(3)))
        yield Figure(TITLE, KERNEL, "nbalert", "MiB", more, budget=KERNEL_MIB)


def _others(url: str) -> Mapping[str, list[str]]:
    return {
        "slack_sdk": adapter.command("post_slack_sdk", url, "C1", "once", peer="slack_sdk"),
        "apprise": adapter.command("post_apprise", url, "once", peer="apprise"),
        "zenml": adapter.command("post_zenml", url, "once", peer="zenml"),
        "floor": adapter.command("post_socket", url, "once"),
    }


def _figures(
    who: str, runs: list[tuple[float, float]], budget: float | None = None, note: str = ""
) -> Iterator[Figure]:
    seconds, memory = zip(*runs, strict=True)
    yield Figure(TITLE, DELIVERED, who, "s", seconds, budget=budget, note=note)
    yield Figure(TITLE, MEMORY, who, "MiB", memory)


def _runs(
    service: Service,
    argv: list[str],
    scale: Scale,
    env: Mapping[str, str] | None = None,
    before: Callable[[], object] = lambda: None,
) -> list[tuple[float, float]]:
    """Seconds and MiB of each, after one that fills the caches of the disk."""
    rounds = scale.times(3 if "zenml" in argv[1] else ROUNDS)
    runs = []
    for _ in range(rounds + 1):
        before()
        runs.append(_once(service, argv, env))
    return runs[1:]


def _once(service: Service, argv: list[str], env: Mapping[str, str] | None = None) -> tuple[float, float]:
    service.forget()
    began_s = time.monotonic()
    process = subprocess.Popen(argv, env=adapter.environment(env), stdout=subprocess.PIPE, text=True)
    said, _ = process.communicate(timeout=120)
    if process.returncode:
        raise RuntimeError(f"{Path(argv[1]).name} ended with {process.returncode}")
    return service.until(1)[0] - began_s, float(said.splitlines()[-1])


def _kernel_mib(home: Home, alerts: bool) -> float:
    """The peak of a kernel after a plain cell, with and without our magics."""
    with Kernel(sys.executable, home.root, {"NBALERT_HOME": str(home.root)}) as kernel:
        kernel.run("1")
        if alerts:
            kernel.run("%load_ext nbalert")
            kernel.run("%%alert\n1")
            wait_until(lambda: "none" in kernel.run(_LEFT).stdout)
        return homes.peak_mib(kernel.pid)


_LEFT = "from nbalert.process import client\nprint('some' if client().waiting() else 'none')"
