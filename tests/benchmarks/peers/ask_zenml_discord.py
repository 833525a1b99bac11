"""ZenML's Discord alerter asks: it connects anew for each question, and is pushed."""

from __future__ import annotations

import sys

from tests.benchmarks.peers.asking import serve
from tests.benchmarks.peers.zenml_alerters import discord

serve(discord(*sys.argv[1:]).ask)
