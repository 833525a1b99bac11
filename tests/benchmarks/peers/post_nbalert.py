"""nbalert posts: on disk when `post()` returns, delivered in the background."""

from __future__ import annotations

import itertools
import sys

from tests.benchmarks.peers.turns import serve  # first: it wants to be the last at the end

import nbalert  # isort: skip

channels = itertools.cycle(sys.argv[1].split(","))
serve(lambda text: nbalert.post(text, channel=next(channels)), lambda posted: posted.wait(30))
