"""Message → notification, and the files that go along; a question with its buttons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from nbalert.channels.excerpts import Attachment, Excerpt, attachments, excerpts
from nbalert.channels.markdown import beside_links, broken, clean, fenced
from nbalert.channels.ntfy_notice import ACTIONS, HEADER_BYTES, TEXT_BYTES, TITLE, Notice
from nbalert.channels.signs import origin
from nbalert.message import Level, Message
from nbalert.policy import ANYONE, Policy
from nbalert.question import Outcome, Question

PRIORITIES = {Level.OK: 3, Level.INFO: 3, Level.WARNING: 4, Level.CRITICAL: 5}
TAGS = {
    Level.OK: "green_circle",
    Level.INFO: "large_blue_circle",
    Level.WARNING: "orange_circle",
    Level.CRITICAL: "red_circle",
}
ENDED = {
    Outcome.APPROVED: "white_check_mark",
    Outcome.REJECTED: "x",
    Outcome.EXPIRED: "hourglass",
    Outcome.CANCELLED: "no_entry_sign",
    Outcome.ERROR: "warning",
}
ASKS, ENDS = 4, 2
"""Priorities of a question, and, without a sound, of how it ended."""
CODE_BYTES = 1800
"""Longer code goes along as a file."""
WORDS, FIELD = 400, 300
MARK = "nbalert"
"""Tag of an answer that a button has sent."""


class Rendered(NamedTuple):
    """What is sent.

    Args:
        texts: Go along as files.
    """

    notice: Notice
    texts: tuple[Attachment, ...] = ()


def render(message: Message, *, is_markdown: bool, has_files: bool) -> Rendered:
    """An alert, or how a question has ended.

    Args:
        has_files: Whether other files go along: then the text stands in a header.
    """
    parts, share = excerpts(message, clean), 1.0
    while True:
        cut = [one for one in parts if one.is_cut(share)]
        files = tuple(attachments(message, cut, clean))
        notice = _notice(message, "\n".join(_lines(message, parts, share, is_markdown)), is_markdown)
        if notice.fits(HEADER_BYTES if files or has_files else TEXT_BYTES) or share < 0.001:
            return Rendered(notice, files)
        share *= 0.8


def asking(message: Message, question: Question, answers: str, is_markdown: bool) -> Rendered:
    """A question, with its code whole: in the text, or as a file.

    Args:
        answers: URL of the topic that answers go to.
    """
    code = clean(question.code)
    is_long = len(code.encode("utf-8", "replace")) > CODE_BYTES
    notice = Notice(
        title=title_of(question.text),
        text="\n".join(_question(message, question, "" if is_long else code, is_markdown)),
        priority=ASKS,
        tags=("question",),
        click=_click(message),
        actions=tuple(actions(question.policy, answers)),
        is_markdown=is_markdown,
    )
    return Rendered(notice, (Attachment("code.py", "Code", question.code),) if is_long else ())


def actions(policy: Policy, answers: str) -> Iterator[dict[str, Any]]:
    """Up to three buttons; where they do not suffice, one leads to where an answer can be written."""
    words = {"action": "view", "label": "In words", "url": answers}
    buttons = [
        {
            **{"action": "http", "label": title_of(one.label) or "-", "url": answers, "method": "POST"},
            **{"headers": {"X-Tags": MARK}, "body": one.says, "clear": True},
        }
        for one in policy.buttons
    ]
    if policy.input or len(buttons) > ACTIONS:
        yield words
        yield from buttons[-1:] if policy.buttons and policy.buttons[-1].is_rejection else []
        return
    yield from buttons
    if len(buttons) < ACTIONS:
        yield words


def title_of(text: str) -> str:
    """One line, with a sign where it goes on."""
    line = " ".join(clean(text).split())
    return line if len(line) <= TITLE else f"{line[: TITLE - 1]}…"


def _notice(message: Message, text: str, is_markdown: bool) -> Notice:
    ended = message.decision.outcome if message.decision is not None else None
    return Notice(
        title=title_of(message.title) or message.level.name,
        text=text,
        priority=PRIORITIES[message.level] if ended is None else ENDS,
        tags=(TAGS[message.level] if ended is None else ENDED[ended],),
        click=_click(message),
        is_markdown=is_markdown,
        native=message.native.get("ntfy", {}),
    )


def _click(message: Message) -> str:
    link = message.source.link
    return link if re.fullmatch(r"https?://[\x21-\x7e]{1,500}", link) else ""


def _lines(message: Message, parts: list[Excerpt], share: float, is_markdown: bool) -> Iterator[str]:
    if message.decision is not None:
        yield _prose(message.decision.sentence[:WORDS], is_markdown)
    if len(" ".join(message.title.split())) > TITLE:
        yield _prose(message.title[:WORDS], is_markdown)
    for part in parts:
        if message.question is None or message.decision is None or part.file != "cell.py":
            yield _shown(part.label, part.shown(share), is_markdown)
    for name, value in list(message.metadata.items())[: max(1, int(20 * share))]:
        room = max(20, int(FIELD * share))
        yield _prose(f"{str(name)[:room]}: {str(value)[:room]}", is_markdown)
    if line := " · ".join(origin(message)):
        yield _prose(line[:FIELD], is_markdown)


def _question(message: Message, question: Question, code: str, is_markdown: bool) -> Iterator[str]:
    if len(" ".join(question.text.split())) > TITLE:
        yield _prose(question.text[:WORDS], is_markdown)
    if message.text and message.text != question.text:
        yield _prose(message.text[:WORDS], is_markdown)
    if code:
        yield _shown("Will run", code, is_markdown)
    elif question.code:
        yield "What will run is in code.py."
    if question.redacted:
        yield f"{question.redacted} secret string(s) blotted out."
    yield _prose(question.policy.hint[:WORDS], is_markdown)
    people = "anybody" if ANYONE in question.policy.approvers else ", ".join(question.policy.approvers)
    yield _prose(f"May answer: {people[:WORDS]}", is_markdown)
    if question.policy.need > 1:
        yield f"{question.policy.need} have to approve."
    if question.expires_at is not None:
        yield question.expires_at.strftime("Until %Y-%m-%d %H:%M UTC")
    if question.code_sha256:
        yield f"SHA-256 {question.code_sha256}"
    if line := " · ".join(origin(message)):
        yield _prose(line[:FIELD], is_markdown)


def _shown(label: str, text: str, is_markdown: bool) -> str:
    if not label:
        return _prose(text, is_markdown)
    return f"**{label}**\n{fenced(broken(text))}" if is_markdown else f"{label}:\n{text}"


def _prose(text: str, is_markdown: bool) -> str:
    return beside_links(text, _escaped) if is_markdown else clean(text)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]()#+.!|<>~-])", r"\\\1", text)
