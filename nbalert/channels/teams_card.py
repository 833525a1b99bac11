"""A message as an Adaptive Card, within what Teams takes: what is too long is cut visibly.

Source: Microsoft, "Format cards in Microsoft Teams": Markdown of bold, italic, lists and links; a new line is
two; no tables, no preformatted text. "Create an Incoming Webhook" (2026-04-01): 28 KB a message; msteams-docs
issue 11274 (2024-07-19): counted after the card has become a string in another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbalert.channels.excerpts import Excerpt, cut, excerpts, room
from nbalert.channels.markdown import beside_links, clean
from nbalert.channels.signs import LEVELS, origin
from nbalert.message import Level, Message, Value

CARD_BYTES = 22_000
"""Of 28,672: others met refusals from 21 KB on, of texts that were not escaped as ours are counted."""
TITLE_CHARS, FIELD_CHARS, FIELDS, MENTIONS = 300, 300, 30, 20
NATIVE = "teams"

_STYLES = {Level.OK: "good", Level.INFO: "accent", Level.WARNING: "warning", Level.CRITICAL: "attention"}
_MARKDOWN = re.compile(
    r"[\\*_\[\]]|^(?=[ \t]*[-+#>])(?P<start>[ \t]*)|^(?P<number>\s*\d+)(?=\.\s)", re.MULTILINE
)
_TORN = re.compile(r"(?<=<)(?=/?at>)|(?<={)(?={)|(?<=&)(?=#?\w+;)")
_INDENT = re.compile(r"^ +| {2,}", re.MULTILINE)

Block = dict[str, Any]


def card(message: Message) -> Block:
    """What a workflow is sent."""
    native = message.native.get(NATIVE, {})
    if "content" in native or "attachments" in native:
        given = native.get("attachments") or [_attached(native["content"])]
        return {"type": "message", "attachments": given}
    parts, share = excerpts(message, clean), 1.0
    made = _card(message, parts, share)
    while size_of(made) > CARD_BYTES and share > 0.01:
        share *= 0.8
        made = _card(message, parts, share)
    return {"type": "message", "attachments": [_attached(made)]}


def size_of(content: object) -> int:
    """Bytes that Teams counts at most."""
    return len(json.dumps(json.dumps(content)))


def _attached(content: object) -> Block:
    kind = "application/vnd.microsoft.card.adaptive"
    return {"contentType": kind, "contentUrl": None, "content": content}


def _card(message: Message, parts: Sequence[Excerpt], share: float) -> Block:
    people = message.mention[:MENTIONS]
    made = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": list(_body(message, parts, share)),
        "msteams": {"width": "Full", "entities": [_mention(person) for person in people]},
    }
    if message.source.link.startswith(("https://", "http://")):
        back = {"type": "Action.OpenUrl", "title": "Open the notebook", "url": message.source.link}
        made["actions"] = [back]
    return made


def _body(message: Message, parts: Sequence[Excerpt], share: float) -> Iterator[Block]:
    title = f"{LEVELS[message.level]} {cut(_line(message.title), TITLE_CHARS) or message.level.name}"
    heading = {**_text(_escaped(title)), "size": "Medium", "weight": "Bolder"}
    yield {"type": "Container", "style": _STYLES[message.level], "bleed": True, "items": [heading]}
    if message.mention:
        yield _text(" ".join(_tag(person) for person in message.mention[:MENTIONS]))
    if message.decision is not None:
        yield _text(f"**{_escaped(message.decision.sentence)}**")
    for part in parts:
        if part.label:
            yield {**_text(f"**{part.label}**"), "spacing": "Medium"}
            yield {**_text(_kept(part.shown(share))), "fontType": "Monospace", "spacing": "Small"}
        else:
            yield _text(_escaped(part.shown(share)))
    if message.metadata:
        yield {"type": "FactSet", "facts": list(_facts(message.metadata, share))}
    if message.images:
        yield _small(f"{len(message.images)} figure(s) left out: a workflow takes no files")
    if said := origin(message):
        yield _small(_line(" · ".join(said)))


def _facts(metadata: Mapping[str, Value], share: float) -> Iterator[Block]:
    limit = room(FIELD_CHARS, share)
    for name, value in list(metadata.items())[:FIELDS]:
        shown = (_escaped(cut(clean(str(part)), limit)) or "-" for part in (name, value))
        yield dict(zip(("title", "value"), shown, strict=True))
    if (left := len(metadata) - FIELDS) > 0:
        yield {"title": "…", "value": f"{left} more"}


def _text(text: str) -> Block:
    return {"type": "TextBlock", "text": text, "wrap": True}


def _small(text: str) -> Block:
    return {**_text(_escaped(text)), "size": "Small", "isSubtle": True}


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _tag(person: str) -> str:
    return f"<at>{_line(person)}</at>"


def _mention(person: str) -> Block:
    """By the object id or the user principal name, which is mostly the e-mail address."""
    return {"type": "mention", "text": _tag(person), "mentioned": {"id": person, "name": _line(person)}}


def _escaped(text: str) -> str:
    """Text that stands as it is: no markup, no mention; addresses can still be followed."""
    return beside_links(text, _escape).replace("\n", "\n\n")


def _kept(text: str) -> str:
    """The same, with the spaces that indent it."""
    return _escape(_INDENT.sub(lambda found: "\u00a0" * len(found[0]), clean(text))).replace("\n", "\n\n")


def _escape(text: str) -> str:
    return _TORN.sub("\u200b", _MARKDOWN.sub(_before, text))


def _before(found: re.Match[str]) -> str:
    if found["start"] is not None:
        return f"{found['start']}\\"
    return f"{found['number']}\\" if found["number"] is not None else f"\\{found[0]}"
