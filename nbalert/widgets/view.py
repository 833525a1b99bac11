"""What a view shows, and what it can do."""

from __future__ import annotations

from typing import Protocol

from nbalert.pending import Pending
from nbalert.question import Decision, Question


class Asked(Protocol):
    """What a view needs to know of a question that was put; `channel` names all channels for a reader."""

    question: Question
    channels: tuple[str, ...]
    channel: str
    pending: Pending

    def cancel(self, reason: str) -> None:
        """End it from here."""


class View(Protocol):
    """What shows a question while it is open."""

    def show(self) -> None:
        """Show it from now on."""

    def close(self, decision: Decision) -> None:
        """The question has ended: leave what a reader needs later. Also where `show` was broken off."""
