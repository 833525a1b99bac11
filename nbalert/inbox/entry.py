"""A message as the inbox keeps it, and how it becomes a row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from nbalert.inbox.asides import Notice, Reminder
from nbalert.message import Message
from nbalert.policy import Reply
from nbalert.question import Decision, Question

LONG_CHARS = 16_000
"""Longer prose and output is cut in lists; `Archive.entry` has it whole. Code is never cut."""
_MAY_BE_CUT = ("text", "result", "traceback", "whole_traceback", "output")


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as it is kept.

    Args:
        number: Order of arrival.
        change: Order of the last change among all changes.
        message: `Message.to_json()`; images have `mime`, `name` and `digest`, no data; `cut` names parts
            that were cut.
        replies: Oldest first.
        notices: Private lines to those whose answers do not count.
        reminders: Oldest first.
    """

    number: int
    id: str
    sender: str
    change: int
    is_open: bool
    message: dict[str, Any]
    replies: tuple[Reply, ...] = ()
    notices: tuple[Notice, ...] = ()
    reminders: tuple[Reminder, ...] = ()

    @property
    def question(self) -> Question | None:
        """What the message asks."""
        data = self.message["question"]
        return Question.from_json(data) if data else None

    @property
    def decision(self) -> Decision | None:
        """How the question ended. It is false unless approved: ask for its presence."""
        data = self.message["decision"]
        return Decision.from_json(data) if data else None


def body_of(message: Message) -> dict[str, Any]:
    """`Message.to_json()` with digests in place of the pictures."""
    images = [{"mime": i.mime, "name": i.name, "digest": _digest(i.data)} for i in message.images]
    return {**replace(message, images=()).to_json(), "images": images}


def columns(body: dict[str, Any]) -> tuple[bool, str, str | None]:
    """Whether it is open, the whole, and the brief version where something is long."""
    is_open = body["question"] is not None and body["decision"] is None
    cuts = {name: body[name] for name in _cut(body)}
    brief = {**body, **{n: _shortened(text) for n, text in cuts.items()}, "cut": list(cuts)}
    return is_open, json.dumps(body), json.dumps(brief) if cuts else None


def _digest(data: bytes) -> str:
    """Makes a picture's address new when the picture is, so that browsers may keep it."""
    return hashlib.sha256(data).hexdigest()[:12]


def _cut(body: dict[str, Any]) -> Iterator[str]:
    return (name for name in _MAY_BE_CUT if len(body[name]) > LONG_CHARS)


def _shortened(text: str) -> str:
    """Head and tail: the head says what it is, and errors stand at the end."""
    return f"{text[: LONG_CHARS // 2]}\n…\n{text[-LONG_CHARS // 4 :]}"
