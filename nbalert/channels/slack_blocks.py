"""A message as Block Kit, within Slack's limits: what is too long is cut visibly, the whole is a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from nbalert.channels.slack_question import ending, question_blocks
from nbalert.channels.slack_words import (
    Block,
    clean,
    context,
    cut,
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
from nbalert.durations import show_duration
from nbalert.message import Level, Message

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

_LEVELS = {Level.OK: "🟢", Level.INFO: "🔵", Level.WARNING: "🟠", Level.CRITICAL: "🔴"}


class Attachment(NamedTuple):
    """A text that goes along as a file."""

    name: str
    title: str
    text: str


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


class _Part(NamedTuple):
    """A text of the message, and how much of it finds room."""

    label: str
    text: str
    limit: int
    keep: str
    file: str


def render(message: Message, *, has_buttons: bool = True, names: Mapping[str, str] | None = None) -> Rendered:
    """A message for chat.postMessage or chat.update.

    Args:
        has_buttons: Whether a click would arrive here.
        names: Of people, by id: a question says who may answer without notifying them.
    """
    native = dict(message.native.get("slack", {}))
    parts, share = [p for p in _parts(message) if p.text.strip()], 1.0
    blocks = list(_blocks(message, native, parts, share, has_buttons, names or {}))
    while size_of(blocks) > BLOCKS_CHARS and share > 0.01:
        share *= 0.8
        blocks = list(_blocks(message, native, parts, share, has_buttons, names or {}))
    given = {key: native[key] for key in NATIVE_POST if key in native}
    arguments = {"text": _fallback(message), **given, "blocks": blocks}
    is_cut = {part.file: part for part in parts if len(part.text) > _room(part.limit, share)}
    return Rendered(arguments, tuple(_files(message, is_cut)), "cell.py" not in is_cut)


def _parts(message: Message) -> list[_Part]:
    """Longest to be kept first where it is a question: what will run is what it is about."""
    code = _Part("Will run" if message.question else "Cell", clean(message.code), 3000, "head", "cell.py")
    rest = [
        _Part("", clean(message.text), 3000, "head", "text.txt"),
        _Part("Error", clean(message.error), 600, "head", "error.txt"),
        _Part("Traceback", clean(message.traceback), 4000, "ends", "traceback.txt"),
        _Part("Result", clean(message.result), 2500, "head", "result.txt"),
        _Part("Output", clean(message.output), 1500, "tail", "output.txt"),
    ]
    if message.question:
        return [rest[0]._replace(limit=1500), code._replace(limit=8000), *rest[1:]]
    if message.error in message.traceback:
        rest.pop(1)
    return [*rest, code]


def _room(chars: int, share: float) -> int:
    return max(20, int(chars * share))


def _blocks(
    message: Message,
    native: Mapping[str, Any],
    parts: Sequence[_Part],
    share: float,
    has_buttons: bool,
    names: Mapping[str, str],
) -> Iterator[Block]:
    if own := native.get("blocks"):
        yield from own
        # What will run is shown by us, whatever else a question looks like.
        parts = [part for part in parts if message.question and part.file == "cell.py"]
    else:
        yield from _head(message, share)
    for part in parts:
        text = cut(part.text, _room(part.limit, share), part.keep)
        yield labelled(part.label, text) if part.label else prose(text)
    if message.metadata and not own:
        yield named(_fields(message.metadata, share))
    yield from question_blocks(message, has_buttons=has_buttons, names=names, share=share)
    if not own and (line := _where(message, share)):
        yield context(line)


def _head(message: Message, share: float) -> Iterator[Block]:
    title = f"{_LEVELS[message.level]} {clean(message.title).strip() or message.level.name}"
    yield header(one_line(title, HEADER_CHARS))
    if len(title) > HEADER_CHARS:
        yield prose(cut(title, _room(1000, share)))
    if message.mention:
        yield marked(" ".join(map(mention, message.mention[:MENTIONS])))
    if message.decision is not None:
        yield prose(cut(ending(message), _room(1000, share)))


def _fields(metadata: Mapping[str, Any], share: float) -> dict[str, str]:
    limit = _room(FIELD_CHARS, share)
    shown = {
        one_line(str(name), limit) or "-": one_line(str(value), limit)
        for name, value in list(metadata.items())[:FIELDS]
    }
    left = len(metadata) - FIELDS
    return {**shown, "…": f"{left} more"} if left > 0 else shown


def _where(message: Message, share: float) -> str:
    """Notebook, cell, person, host, time it took, and the way back, in one line."""
    source = message.source
    cell = f"[{source.cell_number}]" if source.cell_number is not None else ""
    place = " ".join(part for part in (Path(source.notebook).name, cell) if part)
    who = "@".join(part for part in (source.user, source.host) if part)
    took = show_duration(message.duration_s) if message.duration_s is not None else ""
    said = [escaped(one_line(part, _room(200, share))) for part in (place, who, took) if part]
    return " · ".join([*said, link(source.link, "open the notebook")] if source.link else said)


def _fallback(message: Message) -> str:
    """For notifications, screen readers and search; blocks are what people see."""
    said = ending(message) if message.decision is not None else message.error or message.text
    first = one_line(f"{_LEVELS[message.level]} {message.title}", 300)
    more = one_line(said, FALLBACK_CHARS - len(first)) if said.strip() else ""
    text = escaped(f"{first}: {more}" if more else first)
    return " ".join([text, *map(mention, message.mention[:MENTIONS])])


def _files(message: Message, is_cut: Mapping[str, _Part]) -> Iterator[Attachment]:
    for part in is_cut.values():
        if not (part.file == "traceback.txt" and message.whole_traceback):
            yield Attachment(part.file, part.label or "Text", part.text)
    if message.whole_traceback:
        yield Attachment("traceback.txt", "Traceback", clean(message.whole_traceback))
