"""A message as the sections of a mail; what does not find room in one goes along as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbalert.channels.email_words import cut, one_line
from nbalert.channels.markdown import clean
from nbalert.durations import show_duration
from nbalert.message import Message
from nbalert.policy import ANYONE
from nbalert.question import Question

SECTION_CHARS = 16_000
"""Of one text. Some readers fold a mail of over 102 kB (Source: Gmail's clipping of messages)."""
FIELD_CHARS = 2000


@dataclass(frozen=True, slots=True)
class File:
    """What goes along. Its type says how a reader opens it."""

    name: str
    data: bytes
    mime: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Section:
    """One text of a mail.

    Args:
        label: Stands above it; may be empty.
        text: Cleaned, not escaped.
        is_code: Shown in letters of one width, as it is.
        html: The same as a table.
    """

    label: str
    text: str
    is_code: bool = False
    html: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """What a mail says.

    Args:
        title: Its headline.
        sections: In order.
        files: Texts that were cut, whole, and the whole traceback.
        has_whole_code: Whether the code stands in a section without a cut.
    """

    title: str
    sections: tuple[Section, ...]
    files: tuple[File, ...]
    has_whole_code: bool


@dataclass(frozen=True, slots=True)
class _Part:
    label: str
    text: str
    file: str
    keep: str = "head"
    html: str = ""


def body_of(message: Message) -> Body:
    """Everything of a message, in the order in which a reader needs it."""
    sections: list[Section] = []
    if message.decision is not None:
        sections.append(Section("", one_line(message.decision.sentence, FIELD_CHARS)))
    files: list[File] = []
    for part in _parts(message):
        text = clean(part.text)
        if not text.strip():
            continue
        is_code = bool(part.label)
        sections.append(Section(part.label, cut(text, SECTION_CHARS, part.keep), is_code, part.html))
        if len(text) > SECTION_CHARS and not (part.file == "traceback.txt" and message.whole_traceback):
            files.append(File(part.file, text.encode()))
    if message.whole_traceback:
        files.append(File("traceback.txt", clean(message.whole_traceback).encode()))
    sections += [
        Section("", text) for text in (_fields(message), *_question(message), _where(message)) if text
    ]
    has_whole_code = "cell.py" not in {file.name for file in files}
    return Body(
        one_line(message.title, 500) or message.level.name, tuple(sections), tuple(files), has_whole_code
    )


def _parts(message: Message) -> Iterator[_Part]:
    yield _Part("", "" if message.text == message.title else message.text, "text.txt")
    if message.question and message.decision is None:
        yield _Part("Will run", message.question.code, "cell.py")
    if message.error not in message.traceback or not message.traceback:
        yield _Part("Error", message.error, "error.txt")
    yield _Part("Traceback", message.traceback, "traceback.txt", "ends")
    yield _Part("Result", message.result, "result.txt", html=message.html)
    yield _Part("Output", message.output, "output.txt", "tail")
    if not message.question:
        yield _Part("Cell", message.code, "cell.py")


def _fields(message: Message) -> str:
    """Metadata, a line each."""
    return "\n".join(
        f"{one_line(str(name), FIELD_CHARS) or '-'}: {one_line(str(value), FIELD_CHARS)}"
        for name, value in message.metadata.items()
    )


def _question(message: Message) -> Iterator[str]:
    """What an approver has to know, and how to answer."""
    if message.question is None or message.decision is not None:
        return
    yield "\n".join(_details(message.question))
    yield (
        "Answer this mail: the first line above what is quoted counts, and nothing else on it.\n"
        f"{one_line(message.question.policy.hint, FIELD_CHARS)}"
    )


def _details(question: Question) -> Iterator[str]:
    approvers = question.policy.approvers
    people = "everybody who has this mail" if ANYONE in approvers else ", ".join(approvers)
    yield f"May answer: {one_line(people, FIELD_CHARS)}"
    if question.policy.need > 1:
        yield f"Approvals needed: {question.policy.need}"
    if question.expires_at is not None:
        yield f"Until: {question.expires_at:%Y-%m-%d %H:%M} UTC"
    if question.code_sha256:
        yield f"SHA-256 of the code: {question.code_sha256}"
    if question.redacted:
        yield f"{question.redacted} secret string(s) blotted out"


def _where(message: Message) -> str:
    """Notebook, cell, person, host, time it took; and the way back on a line of its own."""
    source = message.source
    cell = f"[{source.cell_number}]" if source.cell_number is not None else ""
    place = " ".join(part for part in (Path(source.notebook).name, cell) if part)
    who = "@".join(part for part in (source.user, source.host) if part)
    took = show_duration(message.duration_s) if message.duration_s is not None else ""
    commit = f"commit {source.commit}" if source.commit else ""
    said = " · ".join(one_line(part, FIELD_CHARS) for part in (place, who, took, commit) if part)
    return "\n".join(line for line in (said, one_line(source.link, FIELD_CHARS)) if line)
