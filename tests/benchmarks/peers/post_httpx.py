"""The floor of a client: httpx on a connection that stays open."""

from __future__ import annotations

import sys

from tests.benchmarks.peers.turns import serve  # first: it wants to be the last at the end

import httpx  # isort: skip

client = httpx.Client(trust_env=False)
url = f"{sys.argv[1]}/alert"
serve(lambda text: client.post(url, json={"text": text}))
