"""What a webhook is sent: the whole message, or a JSON of one's own with fields of the message in it.

    body = { text = "$title: $result", level = "$level", tags = "$metadata" }

A text that is nothing but one field becomes that field's value with its type; within other text a field is
text. `$$` is a dollar. Nothing is computed, so there is nothing that could run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nbalert.message import Message
from nbalert.templates import FIELDS, Text, as_text, check


def whole(message: Message, kind: str) -> dict[str, Any]:
    """All of a message, in the form of the Standard Webhooks.

    Args:
        kind: What it is: `message`, `question`, `decision` or `reminder`.
    """
    at = message.created_at.isoformat()
    return {"type": f"nbalert.{kind}", "timestamp": at, "data": message.to_json()}


def filled(template: Any, message: Message) -> Any:
    """A body of one's own, with the fields of a message in it."""
    if isinstance(template, Mapping):
        return {name: filled(value, message) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, message) for value in template]
    if not isinstance(template, str):
        return template
    names = Text(template).get_identifiers()
    if names and template in (f"${names[0]}", f"${{{names[0]}}}"):
        return FIELDS[names[0]](message)
    return Text(template).substitute({name: as_text(FIELDS[name](message)) for name in names})


def fields_of(template: Any) -> set[str]:
    """Which fields stand in a body."""
    if isinstance(template, Mapping | list):
        inner = template.values() if isinstance(template, Mapping) else template
        return set().union(*(fields_of(value) for value in inner))
    return set(Text(template).get_identifiers()) if isinstance(template, str) else set()


def checked(template: dict[str, Any]) -> dict[str, Any]:
    """A body that can be filled in and sent.

    Raises:
        ValueError: It cannot; names the field.
    """
    _check(template)
    return template


def _check(value: Any) -> None:
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            _check(inner)
    elif isinstance(value, str):
        check(value, FIELDS)
    elif not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("takes texts, numbers, true and false, lists and tables")
