"""What it costs to load: `%load_ext nbalert` in a shell that is there, beside the imports of peers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from tests.benchmarks import adapter, environments
from tests.benchmarks.figures import Figure, Scale

TITLE = "Loading"
BUDGET_MS = 15.0
ROUNDS, SLOW = 20, 5
_TIMED = """
import json, sys, time
{before}
known, began = set(sys.modules), time.perf_counter()
{what}
took = time.perf_counter() - began
print(json.dumps([took * 1000, len(set(sys.modules) - known)]))
"""
_SHELL = "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()"
PEERS = {
    "slack_sdk": "from slack_sdk import WebClient",
    "apprise": "import apprise",
    "zenml": "from zenml.integrations.slack.alerters import SlackAlerter",
}
"""Peer → what its user writes first."""


def measure(scale: Scale) -> Iterator[Figure]:
    """Milliseconds, and modules that were not there before; each in a process of its own."""
    load = _TIMED.format(before=_SHELL, what="shell.run_line_magic('load_ext', 'nbalert')")
    yield from _figures("nbalert", sys.executable, load, scale.times(ROUNDS), BUDGET_MS)
    for peer, what in PEERS.items():
        code = _TIMED.format(before="", what=what)
        yield from _figures(
            peer, environments.python(peer), code, scale.times(SLOW if peer == "zenml" else ROUNDS)
        )


def _figures(who: str, python: str, code: str, rounds: int, budget: float | None = None) -> Iterator[Figure]:
    note = "%load_ext nbalert in an IPython that runs; peers: their import in a bare Python" if budget else ""
    samples = [json.loads(adapter.once([python, "-c", code]).splitlines()[-1]) for _ in range(rounds)]
    yield Figure(TITLE, "loaded", who, "ms", tuple(ms for ms, _ in samples), budget=budget, note=note)
    yield Figure(TITLE, "modules imported", who, "modules", (samples[0][1],))
