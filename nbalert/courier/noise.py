"""What becomes of an alert that a channel would hear: it is delivered, put into a digest, or suppressed.

routing ─▶ candidate ─▶ verdict ─▶ a row of `routed`: exactly one a message and channel
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from nbalert.handlers import Handler
from nbalert.matching import Change


class Outcome(StrEnum):
    """What becomes of it."""

    DELIVERED = "delivered"
    DIGESTED = "digested"
    SUPPRESSED = "suppressed"


class Verdict(NamedTuple):
    """What becomes of it, and why.

    Args:
        rule: Why it is not delivered: a key of settings, or another word that a reader of the record knows.
    """

    outcome: Outcome
    rule: str = ""


DELIVER = Verdict(Outcome.DELIVERED)


def alert_of(source: Mapping[str, Any], name: str, title: str) -> str:
    """What is one alert over its runs: a cell of a notebook, or what bears the same name."""
    if source["notebook"] and source["cell_id"]:
        return f"{source['notebook']}#{source['cell_id']}"
    return str(name or title)


_OTHERS = ("source", "created_at", "duration_s", "output", "traceback", "whole_traceback")
"""What differs between processes that say the same."""


@dataclass(frozen=True)
class Arrival:
    """A message that is stored.

    Args:
        message: Its body, as `Message.to_json` gives it.
    """

    id: str
    accepted_at: float
    origin: str
    project: str
    message: Mapping[str, Any]

    @property
    def alert(self) -> str:
        """What is one alert over its runs."""
        return alert_of(self.message["source"], self.message.get("alert", ""), self.message["title"])

    @cached_property
    def says(self) -> str:
        """Equal for alerts that say the same. The title of a cell tells how long it took."""
        said = {key: value for key, value in self.message.items() if key not in _OTHERS}
        source = self.message["source"]
        if source["notebook"] and source["cell_id"]:
            del said["title"]
        return hashlib.sha256(json.dumps([self.alert, said], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message and a channel that would hear it.

    Args:
        channel: By its own name; empty where a digest is only published.
        handler: By which it hears it; None where the sender named the channel.
        change: Of its level since its last run.
    """

    arrival: Arrival
    channel: str
    handler: Handler | None
    change: Change


class Noise(Protocol):
    """Asked for each candidate, within the transaction that records its answer."""

    def judge(self, candidate: Candidate) -> Verdict:
        """What is to become of it."""

    def enter(self, candidate: Candidate, verdict: Verdict) -> None:
        """What becomes of it: a digest gets it."""
