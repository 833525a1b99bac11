"""Message → what a Mattermost post is made of: its text, an attachment in the colour of its level, and files.

Source: mattermost/mattermost, `model/post.go` (2026-08): 16,383 characters a message, 800,000 of props, ten
files a post (their ids have 300 characters); Mattermost, "Message attachments" (2026-08-19).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from nbalert.channels.excerpts import CODE, Excerpt, attachments, excerpts
from nbalert.channels.markdown import clean, ends
from nbalert.channels.mattermost_question import (
    COLOURS,
    TITLE_CHARS,
    question_attachment,
    question_text,
)
from nbalert.channels.mattermost_text import code, cut, escape, mentions, one_line
from nbalert.channels.signs import origin
from nbalert.message import Image, Message, Value

NATIVE = "mattermost"
MESSAGE = 16_383
FIELDS, FIELD_NAME, FIELD_VALUE = 25, 100, 300
SHORT_FIELD = 40
"""Two that are no longer stand side by side."""
FILE_BYTES = 50 * 2**20
"""Half of what a server takes that nobody has set otherwise."""
FILE_CHARS = FILE_BYTES // 4


class File(NamedTuple):
    """What goes along."""

    name: str
    data: bytes
    mime: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is posted.

    Args:
        text: The post's own, with the mentions.
        attachments: As `props.attachments` has them.
        files: What did not find room, whole, and the figures.
        has_whole_code: Whether the code stands in the post without a cut.
        props: Others that the message's own `native` form gives.
    """

    text: str
    attachments: Sequence[Mapping[str, Any]]
    files: tuple[File, ...]
    has_whole_code: bool = True
    props: Mapping[str, Any] | None = None


def render(message: Message, people: Mapping[str, str]) -> Rendered:
    """A message for a post or an edit of one.

    Args:
        people: Usernames by id, of all that the message names.
    """
    named = [people[id_] for id_ in message.mention if id_ in people]
    if native := message.native.get(NATIVE):
        return _native(message, native, named, people)
    if message.question:
        return _question(message, named, people)
    parts = excerpts(message, clean)
    fields, left = _fields(message.metadata)
    attachment = {
        **_frame(message),
        "color": COLOURS[message.level],
        "text": "\n".join([*_whole_title(message), *map(_shown, parts), *left, *_too_large(message.images)]),
        "fields": fields,
    }
    texts = attachments(message, [part for part in parts if part.is_cut()], clean)
    files = (*(File(one.name, _encoded(one.text)) for one in texts), *_figures(message.images))
    return Rendered(_headed(message.title or message.level.name, named), [attachment], files)


def _shown(part: Excerpt) -> str:
    if not part.label:
        return escape(part.shown())
    language = "python" if part.file in (CODE, "traceback.txt") else ""
    return f"**{part.label}**\n{code(part.shown(), language)}"


def _whole_title(message: Message) -> Iterator[str]:
    """Where it does not fit above."""
    if len(message.title) > TITLE_CHARS:
        yield escape(cut(message.title, 4 * TITLE_CHARS))


def _native(
    message: Message, native: Mapping[str, Any], named: list[str], people: Mapping[str, str]
) -> Rendered:
    """What the author gives; what will run is shown by us, whatever else a question looks like."""
    props = {name: value for name, value in (native.get("props") or {}).items() if name != "attachments"}
    given = native.get("attachments") or (native.get("props") or {}).get("attachments") or []
    asked = _question(message, [], people) if message.question else Rendered("", [], ())
    text = " ".join(part for part in (mentions(named), str(native.get("message", ""))) if part)
    files = (*asked.files, *_figures(message.images))
    shown = [*given, *asked.attachments]
    return Rendered(cut(text, MESSAGE), shown, files, asked.has_whole_code, props)


def _question(message: Message, named: list[str], people: Mapping[str, str]) -> Rendered:
    assert message.question
    attachment, has_whole_code = question_attachment(message, message.question, people)
    code_file = () if has_whole_code else (File("code.py", message.question.code.encode("utf-8", "replace")),)
    text = _headed(question_text(message, message.question), named)
    return Rendered(text, [{**_frame(message), **attachment}], code_file, has_whole_code)


def _headed(title: str, named: list[str]) -> str:
    head = f"**{escape(one_line(title, TITLE_CHARS)) or '-'}**"
    return f"{mentions(named)} {head}" if named else head


def _encoded(text: str) -> bytes:
    shown = text if len(text) <= FILE_CHARS else ends(text, FILE_CHARS)
    return shown.encode("utf-8", "replace")


def _figures(images: Sequence[Image]) -> Iterator[File]:
    yield from (File(image.name, image.data, image.mime) for image in images if len(image.data) <= FILE_BYTES)


def _too_large(images: Sequence[Image]) -> Iterator[str]:
    if count := sum(len(image.data) > FILE_BYTES for image in images):
        yield f"{count} figure(s) left out: larger than 50 MB."


def _frame(message: Message) -> dict[str, Any]:
    """Where it comes from and the way back; for a notification what it is about."""
    source = message.source
    frame = {
        "fallback": one_line(f"{message.level.name}: {message.title}", 300),
        "author_name": one_line(" · ".join(origin(message)), 300),
        "footer": message.level.name,
    }
    if source.link.startswith(("https://", "http://")):
        frame |= {"author_link": source.link, "author_name": frame["author_name"] or "Open the notebook"}
    return frame


def _fields(metadata: Mapping[str, Value]) -> tuple[list[dict[str, Any]], list[str]]:
    """The first ones, and a line on those that are left out."""
    shown = [(one_line(str(name), FIELD_NAME), clean(str(value))) for name, value in metadata.items()]
    fields = [
        {
            "title": escape(name) or "-",
            "value": escape(cut(value, FIELD_VALUE)) or "-",
            "short": len(value) <= SHORT_FIELD,
        }
        for name, value in shown[:FIELDS]
    ]
    left = len(shown) - FIELDS
    return fields, [f"{left} more field(s) left out."] if left > 0 else []
