"""A message as plain text and files, for a service of which nothing is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from nbalert.channels.excerpts import attachments, excerpts
from nbalert.channels.signs import ENDINGS, origin
from nbalert.message import Message

_MENTIONS = re.compile(r"@(?=everyone|here|channel|all\b)|<(?=[!@#&])", re.IGNORECASE)
_APART = "\u200b"
"""A space without width: what is behind it notifies nobody."""


def inert(text: str) -> str:
    """A text without mass mentions, whichever service reads it, and without what a terminal would heed."""
    calm = "".join(c for c in text.replace("\r\n", "\n") if c in "\n\t" or (c >= " " and c != "\x7f"))
    return _MENTIONS.sub(lambda found: found[0] + _APART, calm.encode("utf-8", "replace").decode())


def body_of(message: Message) -> str:
    """All of it but the title; what is long is cut visibly, and goes along as a file."""
    parts = []
    if message.decision is not None:
        parts.append(f"{ENDINGS[message.decision.outcome]} {inert(message.decision.sentence)}")
    for one in excerpts(message, inert):
        parts.append(f"{one.label}\n{one.shown()}" if one.label else one.shown())
    parts += [inert(f"{name}: {value}") for name, value in message.metadata.items()]
    parts += [inert(" · ".join(words)) for words in [origin(message)] if words]
    parts += [message.source.link] if message.source.link else []
    return "\n\n".join(parts)


def files_of(message: Message) -> list[Any]:
    """Figures, and texts that were cut, as Apprise takes them."""
    return [*_figures(message), *_texts(message)]


def _figures(message: Message) -> Iterator[Any]:
    from apprise.attachment.memory import AttachMemory  # of an extra

    for image in message.images:
        yield AttachMemory(content=image.data, name=image.name, mimetype=image.mime)


def _texts(message: Message) -> Iterator[Any]:
    from apprise.attachment.memory import AttachMemory  # of an extra

    long = [one for one in excerpts(message, inert) if one.is_cut()]
    for file in attachments(message, long, inert):
        yield AttachMemory(content=file.text.encode(), name=file.name, mimetype="text/plain")
