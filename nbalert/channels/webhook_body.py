"""What a webhook is sent: the whole message, or a JSON of one's own with fields of the message in it.

    body = { text = "$title: $result", level = "$level", tags = "$metadata" }

A text that is nothing but one field becomes that field's value with its type; within other text a field is
text. `$$` is a dollar. Nothing is computed, so there is nothing that could run.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from string import Template
from typing import Any

from nbalert.message import Message
from nbalert.nearest import hint

Fields = Mapping[str, Callable[[Message], Any]]


def _plain(message: Message) -> str:
    """All of it as one text, for a service that takes no more."""
    said = message.decision.sentence if message.decision is not None else ""
    parts = [message.title, said, message.text, message.code, message.error, message.traceback]
    parts += [message.result, message.output, *(f"{k}: {v}" for k, v in message.metadata.items())]
    return "\n".join(part for part in parts if part)


FIELDS: Fields = {
    "title": lambda m: m.title,
    "text": lambda m: m.text,
    "plain": _plain,
    "level": lambda m: m.level.name,
    "result": lambda m: m.result,
    "error": lambda m: m.error,
    "traceback": lambda m: m.traceback,
    "output": lambda m: m.output,
    "code": lambda m: m.code,
    "metadata": lambda m: m.to_json()["metadata"],
    "duration_s": lambda m: m.duration_s,
    "notebook": lambda m: m.source.notebook,
    "cell": lambda m: m.source.cell_number,
    "host": lambda m: m.source.host,
    "user": lambda m: m.source.user,
    "link": lambda m: m.source.link,
    "commit": lambda m: m.source.commit,
    "source": lambda m: asdict(m.source),
    "topic": lambda m: m.topic,
    "mention": lambda m: list(m.mention),
    "created_at": lambda m: m.created_at.isoformat(),
    "question": lambda m: m.question.to_json() if m.question else None,
    "decision": lambda m: m.decision.sentence if m.decision is not None else "",
    "message": lambda m: m.to_json(),
}
"""What can stand in a body, as `$name` or `${name}`."""


class _Text(Template):
    idpattern = r"[a-z_]+"
    flags = re.NOFLAG  # the default is to ignore case


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
    names = _Text(template).get_identifiers()
    if names and template in (f"${names[0]}", f"${{{names[0]}}}"):
        return FIELDS[names[0]](message)
    return _Text(template).substitute({name: _as_text(FIELDS[name](message)) for name in names})


def fields_of(template: Any) -> set[str]:
    """Which fields stand in a body."""
    if isinstance(template, Mapping | list):
        inner = template.values() if isinstance(template, Mapping) else template
        return set().union(*(fields_of(value) for value in inner))
    return set(_Text(template).get_identifiers()) if isinstance(template, str) else set()


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
        _check_text(_Text(value))
    elif not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("takes texts, numbers, true and false, lists and tables")


def _check_text(text: Template) -> None:
    if not text.is_valid():
        raise ValueError("has a $ that begins no field; a dollar is written $$")
    for name in text.get_identifiers():
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise ValueError(f"has an unknown field ${name}; known: {known}{hint(name, FIELDS)}")


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
