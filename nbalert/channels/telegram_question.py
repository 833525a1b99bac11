"""A question as Telegram shows it: who asks, what will run, who may answer, how; and once it has ended, how.

Source: Bot API, InlineKeyboardButton: callback_data of 1 to 64 bytes; at most 8 buttons a row and 100 in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from nbalert.channels.markdown import clean
from nbalert.channels.signs import ENDINGS
from nbalert.channels.telegram_message import BREAK, Text, footer
from nbalert.channels.telegram_text import Span, block, bold, code, one_line, plain, trimmed, units
from nbalert.message import Message
from nbalert.policy import ANYONE, NO, YES, Policy
from nbalert.question import Question

CODE, PREVIEW = 2000, 500
"""Of the 4,096 characters; what is around it fits into the rest. Longer code goes along as a file."""
WORDS = 400
BUTTONS, LABEL = 100, 60
FILE = "code.py"
THUMBS = {"👍": YES, "👎": NO}
"""Telegram has no ✅ and no ❌ among the reactions that people can give, so these stand for them."""


def question_spans(
    message: Message, question: Question, names: Mapping[str, str], has_reactions: bool
) -> tuple[Span, ...]:
    """The text of one message.

    Args:
        names: Of people, by id.
        has_reactions: Whether the service tells of reactions in this chat.
    """
    lines = [
        *_head(message, question),
        *_code(question),
        *([] if message.decision is not None else _ways(question, has_reactions)),
        *_terms(message, question, names),
    ]
    return tuple(lines)


def code_file(question: Question) -> Text | None:
    """The whole code, where it is too long to stand in the message."""
    return Text(FILE, question.code) if units(clean(question.code)) > CODE else None


def keyboard(question: Question) -> dict[str, Any]:
    """The buttons; none where they are more than the service takes: a reply says it then."""
    buttons = [
        {"text": one_line(clean(one.label), LABEL) or "-", "callback_data": f"{_mark(question)}:{number}"}
        for number, one in enumerate(question.policy.buttons)
    ]
    if len(buttons) > BUTTONS:
        return {"inline_keyboard": []}
    is_plain = not question.policy.choices
    return {"inline_keyboard": [buttons] if is_plain and buttons else [[one] for one in buttons]}


def pressed(question: Question, data: str) -> str:
    """What a button of this question stands for; empty for any other. Clients can send what they like."""
    mark, _, number = data.rpartition(":")
    buttons = question.policy.buttons
    if mark != _mark(question) or not number.isdecimal() or int(number) >= len(buttons):
        return ""
    return buttons[int(number)].says


def is_ours(data: str) -> bool:
    """Whether a button is one of nbalert's."""
    return data.startswith("nbalert:")


def _mark(question: Question) -> str:
    return f"nbalert:{sha256(question.id.encode()).hexdigest()[:32]}"


def _head(message: Message, question: Question) -> Iterator[Span]:
    yield plain("❓ " if message.decision is None else f"{ENDINGS[message.decision.outcome]} ")
    yield bold(trimmed(clean(question.text).strip(), WORDS) or "?")
    yield BREAK
    if message.decision is not None:
        yield bold(trimmed(message.decision.sentence, WORDS))
        yield BREAK
    if message.text.strip() and message.text != question.text:
        yield plain(trimmed(message.text, WORDS))
        yield BREAK


def _code(question: Question) -> Iterator[Span]:
    if not question.code:
        return
    whole = clean(question.code)
    if units(whole) <= CODE:
        yield block(whole, "python")
    else:
        yield block(trimmed(whole, PREVIEW), "python")
        yield BREAK
        yield plain(f"The whole code is in {FILE}.")
    yield BREAK
    if question.redacted:
        yield plain(f"{question.redacted} secret string(s) blotted out.")
        yield BREAK


def _ways(question: Question, has_reactions: bool) -> Iterator[Span]:
    marks = " or ".join(sign for sign, means in THUMBS.items() if means in question.policy.reactions)
    reacting = f" Or react with {marks}." if marks and has_reactions else ""
    yield plain(trimmed(f"{question.policy.hint} Swipe this message to reply.{reacting}", WORDS))
    yield BREAK


def _terms(message: Message, question: Question, names: Mapping[str, str]) -> Iterator[Span]:
    policy = question.policy
    said = [f"May answer: {_people(policy, names)}"]
    if policy.need > 1:
        said.append(f"{policy.need} have to approve")
    if message.decision is None and question.expires_at is not None:
        said.append(question.expires_at.strftime("until %Y-%m-%d %H:%M UTC"))
    if line := footer(message):
        said.append(line)
    yield plain(" · ".join(said))
    yield BREAK
    if question.code_sha256:
        yield plain("SHA-256 ")
        yield code(question.code_sha256)


def _people(policy: Policy, names: Mapping[str, str]) -> str:
    if ANYONE in policy.approvers:
        return "everybody here"
    return one_line(", ".join(names.get(id_) or id_ for id_ in policy.approvers), WORDS) or "nobody"
