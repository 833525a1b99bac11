"""What makes a message a question: who may answer until when, how, and the buttons; and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nbalert.channels.signs import ENDINGS
from nbalert.channels.slack_words import Block, context, escaped, one_line, size_of
from nbalert.message import Message
from nbalert.policy import Button
from nbalert.question import Question

BUTTON_CHARS = 75
"""Source: Block Kit, button element."""
ROW = 25
"""Elements of an actions block (Source: Block Kit, actions block)."""
BUTTONS_CHARS = 6000
"""With more choices than fit they are answered by reply: all blocks together have room for twice that."""


def question_blocks(
    message: Message, *, has_buttons: bool, names: Mapping[str, str], share: float
) -> Iterator[Block]:
    """Under the text of a message; nothing where it asks nothing.

    Args:
        has_buttons: Whether a click would arrive here.
        names: Of people, by id.
        share: How much of its texts finds room; 1.0 is all.
    """
    question = message.question
    if question is None:
        return
    if line := _details(question, names):
        yield context(line)
    if message.decision is not None:
        return
    if has_buttons:
        yield from _rows(question)
    yield context(escaped(one_line(_hint(question), max(100, int(1500 * share)))))


def ending(message: Message) -> str:
    """How the question ended, in one line; empty where it has not."""
    if message.decision is None:
        return ""
    return one_line(f"{ENDINGS[message.decision.outcome]} {message.decision.sentence}", 1000)


def pressed(question: Question, value: str) -> Button | None:
    """Which button of this question was pressed; None where it is not one of them.

    Args:
        value: Of the action.
    """
    id_, _, number = value.rpartition(":")
    buttons = question.policy.buttons
    if id_ != question.id or not number.isdecimal() or int(number) >= len(buttons):
        return None
    return buttons[int(number)]


def _rows(question: Question) -> list[Block]:
    """The buttons; none where there are so many that they would leave no room."""
    buttons = [_button(question, number, button) for number, button in enumerate(question.policy.buttons)]
    starts = range(0, len(buttons), ROW)
    rows = [{"type": "actions", "elements": buttons[start : start + ROW]} for start in starts]
    return rows if size_of(rows) <= BUTTONS_CHARS else []


def _button(question: Question, number: int, button: Button) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "button",
        "action_id": f"nbalert-{number}",
        "value": f"{question.id}:{number}",
        "text": {"type": "plain_text", "text": one_line(button.label, BUTTON_CHARS) or "-", "emoji": False},
    }
    if button.is_rejection:
        return {**shown, "style": "danger"}
    if not question.policy.choices:
        shown["style"] = "primary"
    return {**shown, "confirm": _confirm(button)} if question.code else shown


def _confirm(button: Button) -> dict[str, Any]:
    """Asked once more before code runs; 100, 300, 30 and 30 characters (Source: confirmation dialog)."""
    texts = {
        "title": "Let this code run?",
        "text": "It runs as soon as enough people have said so. You have seen all of it?",
        "confirm": one_line(button.label, 30) or "-",
        "deny": "Not yet",
    }
    said = {name: {"type": "plain_text", "text": text, "emoji": False} for name, text in texts.items()}
    return {**said, "style": "danger"}


def _details(question: Question, names: Mapping[str, str]) -> str:
    said = []
    if question.code_sha256:
        said.append(f"SHA-256 {question.code_sha256}")
    if question.redacted:
        said.append(f"{question.redacted} secret(s) blotted out")
    people = ", ".join(names.get(id_) or id_ for id_ in question.policy.approvers)
    said.append(f"may answer: {one_line(people, 300)}")
    if question.policy.need > 1:
        said.append(f"{question.policy.need} have to approve")
    return " · ".join([*map(escaped, said), *_until(question)])


def _until(question: Question) -> list[str]:
    """In the reader's own time zone (Source: Formatting message text, "Date formatting")."""
    if question.expires_at is None:
        return []
    plain = question.expires_at.strftime("%Y-%m-%d %H:%M UTC")
    stamp = int(question.expires_at.timestamp())
    return [f"until <!date^{stamp}^{{date_short_pretty}} {{time}}|{plain}>"]


def _hint(question: Question) -> str:
    marks = " or ".join(question.policy.reactions)
    return f"{question.policy.hint} {f'Or react with {marks}.' if marks else ''}".strip()
