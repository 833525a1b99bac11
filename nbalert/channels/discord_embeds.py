"""Message → Discord's embeds: title, texts, blocks of code, fields, figures, and files for what is long.

Source: Discord, "Message" reference, embed limits, 2026-08-06: 256 characters a title, 4,096 a description,
25 fields of 256 and 1,024, 2,048 a footer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nbalert.channels.discord_parts import FILE_BYTES, Block, File
from nbalert.channels.discord_text import escape, split, trimmed, units
from nbalert.channels.discord_title import filled
from nbalert.channels.markdown import broken, clean, ends, fenced
from nbalert.channels.signs import origin
from nbalert.message import Image, Level, Message, Value

TITLE = 256
DESCRIPTION = 4000
"""Below the 4,096 of the service: title, fields and footer fit beside it into the 6,000 of a message."""
FIELD_NAME, FIELD_VALUE, FIELDS, FIELDS_TOTAL = 256, 1024, 24, 1400
FOOTER = 300
TRACEBACK = "Traceback"
TEXT_TOTAL = 15_000
"""What is longer becomes a file: nobody reads more than three messages of one alert."""
SHORT = 2000
"""How much of a text is shown that has become a file."""

COLOURS = {Level.OK: 0x2ECC71, Level.INFO: 0x3498DB, Level.WARNING: 0xF1C40F, Level.CRITICAL: 0xE74C3C}


@dataclass(frozen=True, slots=True)
class _Section:
    """A text under its name; one with a language, even an empty one, is a block of code."""

    name: str
    text: str
    language: str | None = None

    @property
    def shown(self) -> str:
        """The text as it is sent, without fences."""
        return escape(self.text) if self.language is None else broken(self.text)

    def pieces(self) -> Iterator[str]:
        """Each of them fits into a description."""
        if self.language is None:
            yield from split(self.shown, DESCRIPTION)
            return
        head = f"**{escape(trimmed(self.name, 100))}**\n" if self.name else ""
        for piece in split(self.shown, DESCRIPTION - 250):
            yield f"{head}{fenced(piece, self.language)}"
            head = ""


def blocks(message: Message, embed_title: str, has_timestamp: bool) -> Iterator[Block]:
    """What is to be shown, in order.

    Args:
        embed_title: A template; empty for no title.
        has_timestamp: Whether the time is shown.
    """
    fields, long_fields = _fields(message.metadata)
    sections, files = _shortened([*_sections(message, embed_title), *long_fields], message.whole_traceback)
    colour = {"color": COLOURS[message.level]}
    first = {**colour, **_frame(message, embed_title, has_timestamp)}
    if fields:
        first["fields"] = fields
    embeds = [{**colour, "description": text} for text in _flowed(sections)]
    embeds[:1] = [{**first, **(embeds[0] if embeds else {})}]
    if not embeds[0].keys() & {"title", "description", "fields"}:
        embeds[0]["description"] = "\u200b"
    yield from _pictured(embeds, message.images)
    yield from (Block(file=file) for file in files)


def _sections(message: Message, embed_title: str) -> Iterator[_Section]:
    if "{title}" not in embed_title and message.title:
        yield _Section("", message.title)
    if message.text:
        yield _Section("", message.text)
    if message.error and message.error not in message.traceback:
        yield _Section("Error", message.error, "")
    for name, text, language in (
        ("Result", message.result, ""),
        (TRACEBACK, message.traceback, "py"),
        ("Output", message.output, ""),
        ("Code", message.code, "py"),
    ):
        if text:
            yield _Section(name, text, language)


def _shortened(sections: list[_Section], whole_traceback: str) -> tuple[list[_Section], list[File]]:
    """The longest texts become files, until the rest can be read; a whole traceback always."""
    shown, files = list(sections), list[File]()
    while sum(units(one.shown) for one in shown) > TEXT_TOTAL:
        place = max(range(len(shown)), key=lambda n: units(shown[n].shown))
        long = shown[place]
        if len(long.text) <= 2 * SHORT:
            break
        name = f"{len(files) + 1}-{file_name(long.name.lower() or 'text')}.txt"
        files.append(
            text_file(name, whole_traceback if long.name == TRACEBACK and whole_traceback else long.text)
        )
        shown[place] = replace(long, text=f"{ends(long.text, SHORT)}\n(the whole is in {name})")
    if whole_traceback and not any(file.name.endswith("-traceback.txt") for file in files):
        files.append(text_file("traceback.txt", whole_traceback))
    return shown, files


def text_file(name: str, text: str) -> File:
    """A text as a file; what is larger than the service takes loses its middle."""
    data = text.encode("utf-8", "replace")
    if len(data) > FILE_BYTES:
        data = ends(text, FILE_BYTES // 5).encode("utf-8", "replace")
    return File(name, data)


def file_name(name: str) -> str:
    """A name that can be referred to from an embed."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._")[-60:] or "file"


def _flowed(sections: Iterable[_Section]) -> Iterator[str]:
    """Descriptions: as many pieces in each as fit."""
    text = ""
    for piece in (piece for section in sections for piece in section.pieces()):
        joined = f"{text}\n{piece}" if text else piece
        if units(joined) > DESCRIPTION:
            yield text
            joined = piece
        text = joined
    if text:
        yield text


def _frame(message: Message, embed_title: str, has_timestamp: bool) -> dict[str, Any]:
    frame: dict[str, Any] = {}
    if title := trimmed(escape(filled(embed_title, message)), TITLE):
        frame["title"] = title
    if message.source.link.startswith(("https://", "http://")) and title:
        frame["url"] = message.source.link
    if footer := footer_of(message):
        frame["footer"] = {"text": footer}
    if has_timestamp:
        frame["timestamp"] = message.created_at.isoformat()
    return frame


def footer_of(message: Message) -> str:
    """Where it comes from, in one line."""
    return trimmed(clean(" · ".join(origin(message))), FOOTER)


def _fields(metadata: Mapping[str, Value]) -> tuple[list[dict[str, Any]], list[_Section]]:
    """Short ones as fields; for long ones, and those that are too many, the text has room."""
    fields, rest, left = list[dict[str, Any]](), list[_Section](), FIELDS_TOTAL
    for name, value in metadata.items():
        shown = {"name": escape(name) or "\u200b", "value": escape(str(value)) or "\u200b", "inline": True}
        chars = units(str(shown["name"])) + units(str(shown["value"]))
        is_short = units(str(shown["name"])) <= FIELD_NAME and units(str(shown["value"])) <= FIELD_VALUE
        if is_short and chars <= left and len(fields) < FIELDS:
            fields.append(shown)
            left -= chars
        else:
            rest.append(_Section(name, str(value), ""))
    return fields, rest


def _pictured(embeds: list[dict[str, Any]], images: tuple[Image, ...]) -> Iterator[Block]:
    """Embeds with the figures in them; a single one beside a short text, further ones below."""
    files = [
        File(f"{number}-{file_name(image.name)}", image.data, image.mime)
        for number, image in enumerate(images, start=1)
        if len(image.data) <= FILE_BYTES
    ]
    if left_out := len(images) - len(files):
        embeds[-1]["footer"] = {"text": f"{left_out} figure(s) left out: larger than Discord takes"}
    if len(embeds) == 1 and len(files) == 1:
        yield _picture(embeds[0], files[0])
        return
    yield from (Block(embed) for embed in embeds)
    yield from (_picture({"color": embeds[0]["color"]}, file) for file in files)


def _picture(embed: dict[str, Any], file: File) -> Block:
    if file.mime == "image/svg+xml":  # Discord shows none in an embed, but takes the file
        return Block(embed if "description" in embed or "title" in embed else None, file)
    return Block({**embed, "image": {"url": f"attachment://{file.name}"}}, file)
