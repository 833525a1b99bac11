"""ZenML's Slack alerter posts, outside a pipeline; its client of Slack gets the address of the service.

The alerter has no parameter for that: the name `WebClient` in its module is assigned another default.
"""

from __future__ import annotations

import sys

from tests.benchmarks.peers.turns import serve  # first: it wants to be the last at the end

from tests.benchmarks.peers.zenml_alerters import slack  # isort: skip

alerter = slack(f"{sys.argv[1]}/api/")


def post(text: str) -> None:
    """One alert."""
    if not alerter.post(text):
        raise ConnectionError("ZenML could not deliver")


serve(post)
