"""What makes a message a question: who may answer until when, and how; and how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from nbalert.channels.excerpts import room
from nbalert.channels.matrix_text import Piece, one_line, prose, small, words
from nbalert.channels.signs import ENDINGS
from nbalert.message import Message
from nbalert.policy import ANYONE
from nbalert.question import Question


def question_pieces(message: Message, share: float) -> Iterator[Piece]:
    """Under the text of a message; nothing where it asks nothing.

    Args:
        share: How much of its texts finds room; 1.0 is all.
    """
    question = message.question
    if question is None:
        return
    yield small(words(one_line(part, max(100, room(400, share)))) for part in _details(question))
    if message.decision is None:
        yield prose(one_line(_hint(question), max(100, room(1500, share))))


def ending(message: Message) -> str:
    """How the question ended, in one line; empty where it has not."""
    if message.decision is None:
        return ""
    return one_line(f"{ENDINGS[message.decision.outcome]} {message.decision.sentence}", 1000)


def _details(question: Question) -> Iterator[str]:
    if question.code_sha256:
        yield f"SHA-256 {question.code_sha256}"
    if question.redacted:
        yield f"{question.redacted} secret(s) blotted out"
    policy = question.policy
    people = "everybody here" if ANYONE in policy.approvers else ", ".join(policy.approvers)
    yield f"may answer: {people}"
    if policy.need > 1:
        yield f"{policy.need} have to approve"
    if question.expires_at is not None:
        yield question.expires_at.strftime("until %Y-%m-%d %H:%M UTC")


def _hint(question: Question) -> str:
    marks = " or ".join(question.policy.reactions)
    return f"{question.policy.hint} {f'Or react with {marks}.' if marks else ''}".strip()
