"""Templates of titles, digests and webhook bodies: `$name` stands for a documented field, `$$` is a dollar.

Nothing is computed, so there is nothing that could run. A wrong one is found when settings are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from string import Template
from typing import Any

from nbalert.message import Message
from nbalert.nearest import hint

Fields = Mapping[str, Callable[[Message], Any]]


class Text(Template):
    """A text with fields in it, as `$name` or `${name}`."""

    idpattern = r"[a-z_]+"
    flags = re.NOFLAG  # the default is to ignore case


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
"""What can stand in a template about a message."""


def check(text: str, known: Collection[str]) -> str:
    """A template that can be filled in.

    Raises:
        ValueError: It cannot; names the field, and those that there are.
    """
    template = Text(text)
    if not template.is_valid():
        raise ValueError("has a $ that begins no field; a dollar is written $$")
    for name in template.get_identifiers():
        if name not in known:
            raise ValueError(f"has an unknown field ${name}; known: {', '.join(known)}{hint(name, known)}")
    return text


def fill(text: str, values: Mapping[str, Callable[[], Any]]) -> str:
    """A template with its fields filled in.

    Args:
        values: A function a field: only what stands in the template is made.
    """
    template = Text(text)
    return template.substitute({name: as_text(values[name]()) for name in template.get_identifiers()})


def as_text(value: object) -> str:
    """A field's value within other text."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
