"""ZenML's Slack alerter asks: it looks once a second."""

from __future__ import annotations

import sys

from tests.benchmarks.peers.asking import serve
from tests.benchmarks.peers.zenml_alerters import slack

serve(slack(sys.argv[1]).ask)
