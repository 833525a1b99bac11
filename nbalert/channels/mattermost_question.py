"""A question as Mattermost shows it: who asks, what will run, who may answer; and how it has ended.

There are no buttons: a click would be a request of the server to an address of ours, and a kernel has none
(Source: Mattermost, "Interactive messages", 2026-08-19).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nbalert.channels.mattermost_text import code, cut, escape, one_line
from nbalert.message import Level, Message
from nbalert.policy import ANYONE, NO, YES
from nbalert.question import Decision, Outcome, Question

CODE_CHARS = 6000
"""Longer code goes along as a file."""
PREVIEW_CHARS = 1000
TEXT_CHARS = 3000
TITLE_CHARS = 1000

COLOURS = {Level.OK: "#2ecc71", Level.INFO: "#3498db", Level.WARNING: "#f1c40f", Level.CRITICAL: "#e74c3c"}
"""By level."""
SEEDS = {YES: "white_check_mark", NO: "x"}
"""Mattermost's names of the two reactions that a question carries."""
_ENDED = {Outcome.APPROVED: COLOURS[Level.OK], Outcome.REJECTED: COLOURS[Level.CRITICAL]}
_GREY = "#95a5a6"


def question_text(message: Message, question: Question) -> str:
    """What the post itself says, and a notification shows."""
    if message.decision is None:
        return question.text
    return f"{cut(question.text, 300)}: {message.decision.sentence}"


def question_attachment(
    message: Message, question: Question, people: Mapping[str, str]
) -> tuple[dict[str, Any], bool]:
    """The attachment, and whether all of the code stands in it.

    Args:
        people: Usernames by id.
    """
    decision = message.decision
    has_whole_code = len(question.code) <= CODE_CHARS
    attachment = {
        "color": COLOURS[Level.WARNING] if decision is None else _ENDED.get(decision.outcome, _GREY),
        "text": "\n".join(_lines(message, question, has_whole_code)),
        "fields": list(_fields(question, decision, people)),
    }
    return attachment, has_whole_code


def _lines(message: Message, question: Question, has_whole_code: bool) -> Iterator[str]:
    if message.decision is not None:
        yield f"**{escape(cut(message.decision.sentence, TEXT_CHARS))}**"
    if len(question.text) > TITLE_CHARS:
        yield escape(cut(question.text, TEXT_CHARS))
    if message.text and message.text != question.text:
        yield escape(cut(message.text, TEXT_CHARS))
    if question.code and has_whole_code:
        yield code(question.code, "python")
    elif question.code:
        yield code(cut(question.code, PREVIEW_CHARS), "python")
        yield "The whole code is in code.py."
    if question.redacted:
        yield f"{question.redacted} secret string(s) blotted out."
    if message.decision is None:
        marks = " or ".join(question.policy.reactions)
        react = f" Or react with {marks}." if marks else ""
        yield f"{escape(cut(question.policy.hint, TEXT_CHARS))} Reply in the thread of this message.{react}"


def _fields(
    question: Question, decision: Decision | None, people: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    policy = question.policy
    names = [people.get(one, one) for one in policy.approvers]
    shown = "everybody here" if ANYONE in policy.approvers else ", ".join(names) or "nobody"
    yield _field("May answer", escape(one_line(shown, 1000)))
    if policy.need > 1:
        yield _field("Approvals needed", str(policy.need))
    if decision is None and question.expires_at is not None:
        yield _field("Until", f"{question.expires_at:%Y-%m-%d %H:%M} UTC")
    if question.code_sha256:
        yield {**_field("SHA-256", f"`{question.code_sha256}`"), "short": False}


def _field(name: str, value: str) -> dict[str, Any]:
    return {"title": name, "value": value, "short": True}
