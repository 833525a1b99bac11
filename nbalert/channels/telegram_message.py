"""Message → what stands in a Telegram message, and what goes along as files because it finds no room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from nbalert.channels.signs import LEVELS, origin
from nbalert.channels.telegram_text import (
    TEXT,
    Span,
    block,
    bold,
    last,
    length,
    link,
    mention,
    one_line,
    plain,
    trimmed,
    units,
)
from nbalert.message import Message

NATIVE = "telegram"
TITLE, LINE = 256, 200
MENTIONS = 20
SHORT = 150
"""What is left of the longest texts at the least; all of them, with title and footer, fit into a message."""
BREAK = Span("\n")


@dataclass(frozen=True, slots=True)
class Text:
    """A text that goes along as a file."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is posted.

    Args:
        spans: Of the message's text.
        texts: Whole, of what is cut in it.
    """

    spans: tuple[Span, ...]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """A text under its name; one with a language, even an empty one, is a block of code."""

    name: str
    text: str
    language: str | None = ""
    is_tail: bool = False
    is_cut: bool = False

    def spans(self) -> Iterator[Span]:
        """As they are shown."""
        if self.name:
            yield bold(self.name)
            yield BREAK
        yield plain(self.text) if self.language is None else block(self.text, self.language)
        yield BREAK

    def shortened(self, by: int) -> _Section:
        """Shorter by so many units, down to `SHORT`."""
        room = max(SHORT, units(self.text) - by)
        cut = last(self.text, room) if self.is_tail else trimmed(self.text, room)
        return replace(self, text=cut, is_cut=True)


def render(message: Message, names: Mapping[str, str]) -> Rendered:
    """A message that asks nothing.

    Args:
        names: Of people, by id.
    """
    whole = list(_sections(message))
    head, foot = list(_head(message, names)), list(_foot(message))
    sections, room = whole, TEXT - length([*head, *foot])
    while (over := length(_spans(sections)) - room) > 0:
        place = max(range(len(sections)), key=lambda n: units(sections[n].text))
        if units(sections[place].text) <= SHORT:
            break
        sections = [one.shortened(over) if n == place else one for n, one in enumerate(sections)]
    texts = [
        Text(f"{one.name.lower() or 'text'}.txt", one.text)
        for one, shown in zip(whole, sections, strict=True)
        if shown.is_cut and not (one.name == "Traceback" and message.whole_traceback)
    ]
    if message.whole_traceback:
        texts.append(Text("traceback.txt", message.whole_traceback))
    return Rendered((*head, *_spans(sections), *foot), tuple(texts))


def mentions(message: Message, names: Mapping[str, str]) -> Iterator[Span]:
    """Who is notified on purpose, in a line."""
    for id_ in message.mention[:MENTIONS]:
        yield mention(id_, names.get(id_, ""))
        yield Span(" ")
    if message.mention:
        yield BREAK


def _head(message: Message, names: Mapping[str, str]) -> Iterator[Span]:
    yield plain(f"{LEVELS[message.level]} ")
    yield bold(one_line(message.title, TITLE) or message.level.name)
    yield BREAK
    yield from mentions(message, names)
    if message.decision is not None:
        yield bold(one_line(message.decision.sentence, TITLE))
        yield BREAK


def _sections(message: Message) -> Iterator[_Section]:
    if units(" ".join(message.title.split())) > TITLE:
        yield _Section("", message.title, None)
    if message.text.strip():
        yield _Section("", message.text, None)
    if message.error and message.error not in message.traceback:
        yield _Section("Error", message.error)
    for name, text, language, is_tail in (
        ("Traceback", message.traceback, "python", False),
        ("Result", message.result, "", False),
        ("Output", message.output, "", True),
        ("Code", message.code, "python", False),
    ):
        if text.strip():
            yield _Section(name, text, language, is_tail)
    if message.metadata:
        lines = (f"{name}: {value}" for name, value in message.metadata.items())
        yield _Section("Fields", "\n".join(lines), None)


def _foot(message: Message) -> Iterator[Span]:
    if line := footer(message):
        yield Span(line, "<i>", "</i>")
        yield BREAK
    if message.source.link:
        yield link(message.source.link, "open the notebook")


def footer(message: Message) -> str:
    """Where it comes from, in one line."""
    return one_line(plain(" · ".join(origin(message))).text, LINE)


def _spans(sections: list[_Section]) -> list[Span]:
    return [span for section in sections for span in section.spans()]
