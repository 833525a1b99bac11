from __future__ import annotations

from typing import Any

import pytest

from tests.chat_servers.schemas import faults, names

BLOCK = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
GOOD: dict[str, Any] = {
    "slack_PostMessage": {"channel": "C1", "text": "x", "blocks": [BLOCK], "unfurl_links": False},
    "slack_Update": {"channel": "C1", "ts": "1.2", "text": "x", "blocks": [BLOCK]},
    "discord_CreateMessage": {"content": "x", "allowed_mentions": {"parse": []}, "nonce": "n"},
}
BAD: dict[str, Any] = {
    "slack_PostMessage": {"channel": "C1", "text": "x", "blokcs": [BLOCK]},
    "slack_Update": {"channel": "C1", "text": "x"},
    "discord_CreateMessage": {"content": 7},
}


@pytest.mark.parametrize("name", names())
def test_every_schema_is_one(name: str) -> None:
    """It is Draft-07, and does not take a number for a request."""
    assert faults(name, 7)


@pytest.mark.parametrize("name", GOOD)
def test_verdicts(name: str) -> None:
    """A right body passes; a misspelt, missing or mistyped key does not."""
    assert faults(name, GOOD[name]) == []
    assert faults(name, BAD[name])
