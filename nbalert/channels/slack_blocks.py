"""A message as Block Kit, within Slack's limits: what is too long is cut visibly, the whole is a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbalert.channels.excerpts import CODE, Attachment, Excerpt, attachments, cut, excerpts, room
from nbalert.channels.signs import LEVELS, origin
from nbalert.channels.slack_question import ending, question_blocks
from nbalert.channels.slack_words import (
    Block,
    clean,
    context,
    escaped,
    header,
    labelled,
    link,
    marked,
    mention,
    named,
    one_line,
    prose,
    size_of,
)
from nbalert.message import Message

HEADER_CHARS = 150
"""Source: Block Kit, header block."""
BLOCKS_CHARS = 11_000
"""All blocks of a message, as JSON. Slack documents no limit, and refuses some 12,000 characters of text
with what contains it (Source: slackapi/bolt-js issues 2509 and 2867)."""
FALLBACK_CHARS = 600
"""Of the text that a notification shows; Slack takes 4,000 (Source: chat.update)."""
FIELDS = 20
MENTIONS = 20
FIELD_CHARS = 300
NATIVE = ("blocks", "attachments", "text")
"""What of a message's own `native` form also an update takes; a post takes the next ones as well."""
NATIVE_POST = (*NATIVE, "username", "icon_emoji", "icon_url", "unfurl_links", "unfurl_media", "thread_ts")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is posted.

    Args:
        arguments: Of chat.postMessage or chat.update: `text`, `blocks`.
        files: What did not find room, whole.
        has_whole_code: Whether the code stands in the message without a cut.
    """

    arguments: dict[str, Any]
    files: tuple[Attachment, ...]
    has_whole_code: bool


def render(message: Message, *, has_buttons: bool = True, names: Mapping[str, str] | None = None) -> Rendered:
    """A message for chat.postMessage or chat.update.

    Args:
        has_buttons: Whether a click would arrive here.
        names: Of people, by id: a question says who may answer without notifying them.
    """
    native = dict(message.native.get("slack", {}))
    parts, share = excerpts(message, clean), 1.0
    blocks = list(_blocks(message, native, parts, share, has_buttons, names or {}))
    while size_of(blocks) > BLOCKS_CHARS and share > 0.01:
        share *= 0.8
        blocks = list(_blocks(message, native, parts, share, has_buttons, names or {}))
    given = {key: native[key] for key in NATIVE_POST if key in native}
    arguments = {"text": _fallback(message), **given, "blocks": blocks}
    is_cut = {part.file: part for part in parts if part.is_cut(share)}
    return Rendered(arguments, tuple(attachments(message, is_cut.values(), clean)), CODE not in is_cut)


def _blocks(
    message: Message,
    native: Mapping[str, Any],
    parts: Sequence[Excerpt],
    share: float,
    has_buttons: bool,
    names: Mapping[str, str],
) -> Iterator[Block]:
    if own := native.get("blocks"):
        yield from own
        # What will run is shown by us, whatever else a question looks like.
        parts = [part for part in parts if message.question and part.file == CODE]
    else:
        yield from _head(message, share)
    for part in parts:
        text = part.shown(share)
        yield labelled(part.label, text) if part.label else prose(text)
    if message.metadata and not own:
        yield named(_fields(message.metadata, share))
    yield from question_blocks(message, has_buttons=has_buttons, names=names, share=share)
    if not own and (line := _where(message, share)):
        yield context(line)


def _head(message: Message, share: float) -> Iterator[Block]:
    title = f"{LEVELS[message.level]} {clean(message.title).strip() or message.level.name}"
    yield header(one_line(title, HEADER_CHARS))
    if len(title) > HEADER_CHARS:
        yield prose(cut(title, room(1000, share)))
    if message.mention:
        yield marked(" ".join(map(mention, message.mention[:MENTIONS])))
    if message.decision is not None:
        yield prose(cut(ending(message), room(1000, share)))


def _fields(metadata: Mapping[str, Any], share: float) -> dict[str, str]:
    limit = room(FIELD_CHARS, share)
    shown = {
        one_line(str(name), limit) or "-": one_line(str(value), limit)
        for name, value in list(metadata.items())[:FIELDS]
    }
    left = len(metadata) - FIELDS
    return {**shown, "…": f"{left} more"} if left > 0 else shown


def _where(message: Message, share: float) -> str:
    """Where it comes from, the time it took, and the way back, in one line."""
    said = [escaped(one_line(part, room(200, share))) for part in origin(message)]
    source = message.source
    return " · ".join([*said, link(source.link, "open the notebook")] if source.link else said)


def _fallback(message: Message) -> str:
    """For notifications, screen readers and search; blocks are what people see."""
    said = ending(message) if message.decision is not None else message.error or message.text
    first = one_line(f"{LEVELS[message.level]} {message.title}", 300)
    more = one_line(said, FALLBACK_CHARS - len(first)) if said.strip() else ""
    text = escaped(f"{first}: {more}" if more else first)
    return " ".join([text, *map(mention, message.mention[:MENTIONS])])
