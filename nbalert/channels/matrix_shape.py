"""Message → the content of a Matrix event, within the size of one; and what goes along as files.

Source: Client-Server API, "Size limits", 2026-07-21: 65,536 bytes an event, as canonical JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbalert.channels.excerpts import CODE, RESULT, Attachment, Excerpt, attachments, cut, excerpts, room
from nbalert.channels.markdown import clean
from nbalert.channels.matrix_question import ending, question_pieces
from nbalert.channels.matrix_settings import USER
from nbalert.channels.matrix_text import (
    Piece,
    block,
    link,
    mention,
    named,
    one_line,
    prose,
    small,
    strong,
    words,
)
from nbalert.channels.signs import LEVELS, origin
from nbalert.message import Message

CONTENT_BYTES = 48_000
"""The server adds ids, hashes and signatures, and an edit its own frame."""
TITLE_CHARS = 300
FIELDS, FIELD_CHARS = 20, 300
MENTIONS = 50
EVERYBODY = "room"
"""Whom a message may mention besides people; takes a right in the room that bots mostly have not."""
TABLE_SHARE = 0.5
_PYTHON = {CODE, "traceback.txt"}
_OURS = ("m.mentions", "m.relates_to", "m.new_content")


@dataclass(frozen=True, slots=True)
class Shaped:
    """What is sent.

    Args:
        content: Of the event.
        files: What did not find room, whole.
        has_whole_code: Whether the code stands in it without a cut.
    """

    content: dict[str, Any]
    files: tuple[Attachment, ...]
    has_whole_code: bool


def shape(message: Message, notes: Sequence[str] = ()) -> Shaped:
    """A message as `m.room.message`. No notice: those notify nobody.

    Args:
        notes: What is to be said besides, a line each.
    """
    parts, share = excerpts(message, clean), 1.0
    content = _content(message, parts, share, notes)
    while size_of(content) > CONTENT_BYTES and share > 0.01:
        share *= 0.8
        content = _content(message, parts, share, notes)
    missing = {part.file: part for part in parts if part.is_cut(share)}
    if _has_table(message, share):
        missing.pop(RESULT, None)
    return Shaped(content, tuple(attachments(message, missing.values(), clean)), CODE not in missing)


def edited(content: Mapping[str, Any], event: str) -> dict[str, Any]:
    """Content that takes the place of an event's. Who is not told of edits sees its beginning."""
    return {
        "msgtype": content["msgtype"],
        "body": f"* {one_line(content['body'], TITLE_CHARS)}",
        "m.mentions": {},
        "m.new_content": dict(content),
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    }


def in_thread(content: Mapping[str, Any], event: str) -> dict[str, Any]:
    """Content in the thread of an event; for clients without threads a reply to it."""
    falling_back = {"is_falling_back": True, "m.in_reply_to": {"event_id": event}}
    return {**content, "m.relates_to": {"rel_type": "m.thread", "event_id": event, **falling_back}}


def word_to(person: str, text: str) -> dict[str, Any]:
    """A sentence for one person, who is notified."""
    whom, what = mention(person), words(one_line(text, 1000))
    return {
        **_texts([Piece(f"{whom.text} {what.text}", f"<p>{whom.html} {what.html}</p>")]),
        "m.mentions": mentions([person]),
    }


def mentions(people: Iterable[str]) -> dict[str, Any]:
    """Who is notified: these, and nobody else, whatever the text says.

    Source: Client-Server API, "User and room mentions".
    """
    named_ones = list(dict.fromkeys(people))[:MENTIONS]
    found: dict[str, Any] = {}
    if ids := [one for one in named_ones if USER.fullmatch(one)]:
        found["user_ids"] = ids
    if EVERYBODY in named_ones:
        found["room"] = True
    return found


def size_of(content: Mapping[str, Any]) -> int:
    """Bytes, as canonical JSON."""
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _content(
    message: Message, parts: Sequence[Excerpt], share: float, notes: Sequence[str]
) -> dict[str, Any]:
    native = {key: v for key, v in message.native.get("matrix", {}).items() if key not in _OURS}
    return {
        **native,
        **_texts(_pieces(message, native, parts, share, notes), native.get("msgtype", "m.text")),
        "m.mentions": mentions(message.mention),
    }


def _texts(pieces: Iterable[Piece], kind: str = "m.text") -> dict[str, Any]:
    said = list(pieces)
    return {
        "msgtype": kind,
        "body": "\n".join(piece.text for piece in said),
        "format": "org.matrix.custom.html",
        "formatted_body": "".join(piece.html for piece in said),
    }


def _pieces(
    message: Message, native: Mapping[str, Any], parts: Sequence[Excerpt], share: float, notes: Sequence[str]
) -> Iterator[Piece]:
    if own := str(native.get("body") or ""):
        yield Piece(own, str(native.get("formatted_body") or prose(own).html))
        # What will run is shown by us, whatever else a question looks like.
        parts = [part for part in parts if message.question and part.file == CODE]
    else:
        yield from _head(message, share)
    for part in parts:
        yield _piece(message, part, share)
    if message.metadata and not own:
        yield named(_fields(message.metadata, share))
    yield from question_pieces(message, share)
    yield from map(prose, notes)
    if not own and (where := _where(message, share)):
        yield small(where)


def _piece(message: Message, part: Excerpt, share: float) -> Piece:
    text = part.shown(share)
    if not part.label:
        return prose(text)
    said = block(part.label, text, "python" if part.file in _PYTHON else "")
    if part.file == RESULT and _has_table(message, share):
        return said._replace(html=strong(part.label).html + message.html)
    return said


def _has_table(message: Message, share: float) -> bool:
    """Whether a table is shown as one: where all is too long, its text has to do, which can be cut."""
    return bool(message.html) and share > TABLE_SHARE


def _head(message: Message, share: float) -> Iterator[Piece]:
    title = one_line(message.title, room(TITLE_CHARS, share)) or message.level.name
    yield strong(f"{LEVELS[message.level]} {title}")
    if message.mention:
        people = [mention(one) for one in message.mention[:MENTIONS]]
        yield Piece(" ".join(p.text for p in people), f"<p>{' '.join(p.html for p in people)}</p>")
    if message.decision is not None:
        yield strong(cut(ending(message), room(1000, share)))


def _fields(metadata: Mapping[str, Any], share: float) -> dict[str, str]:
    limit = room(FIELD_CHARS, share)
    shown = {
        one_line(str(name), limit) or "-": one_line(str(value), limit)
        for name, value in list(metadata.items())[:FIELDS]
    }
    left = len(metadata) - FIELDS
    return {**shown, "…": f"{left} more"} if left > 0 else shown


def _where(message: Message, share: float) -> list[Piece]:
    said = [words(one_line(part, room(200, share))) for part in origin(message)]
    url = message.source.link
    return [*said, link(url, "open the notebook")] if url else said
