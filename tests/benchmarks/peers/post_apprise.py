"""Apprise posts: to its `json://`, as the others of its services have fixed addresses."""

from __future__ import annotations

import sys

from tests.benchmarks.peers.turns import serve  # first: it wants to be the last at the end

import apprise  # isort: skip

sender = apprise.Apprise()
sender.add(sys.argv[1].replace("http://", "json://"))


def post(text: str) -> None:
    """One alert."""
    if not sender.notify(body=text):
        raise ConnectionError("Apprise could not deliver")


serve(post)
