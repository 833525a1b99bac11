"""nbalert asks on its default channel."""

from __future__ import annotations

import nbalert
from tests.benchmarks.peers.asking import serve

serve(lambda question: nbalert.ask(question, timeout=60, raises=False))
