"""slack_sdk posts: `WebClient` with an address of its own, which is one of its parameters."""

from __future__ import annotations

import itertools
import sys

from tests.benchmarks.peers.turns import serve  # first: it wants to be the last at the end

from slack_sdk import WebClient  # isort: skip

client = WebClient(token="xoxb-secret-token", base_url=f"{sys.argv[1]}/api/")
channels = itertools.cycle(sys.argv[2].split(","))
serve(lambda text: client.chat_postMessage(channel=next(channels), text=text))
