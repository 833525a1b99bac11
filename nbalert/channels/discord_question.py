"""A question as Discord shows it: who asks, what will run, who may answer, how; and once it has ended, how.

Source: Discord, "Component Reference", 2026-08-06: 5 rows of 5 buttons, 80 characters a label, 100 a
custom_id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbalert.channels.discord_embeds import COLOURS, TITLE, footer_of, text_file
from nbalert.channels.discord_parts import FILE_BYTES, Block
from nbalert.channels.discord_text import escape, trimmed, units
from nbalert.channels.markdown import broken, clean, fenced
from nbalert.errors import ChannelRefused
from nbalert.message import Level, Message
from nbalert.policy import ANYONE, Policy
from nbalert.question import Decision, Outcome, Question

CODE_CHARS = 3000
"""Longer code goes along as a file: text and hint have to stand beside it in 4,096 characters."""
PREVIEW_CHARS = 600
TEXT_CHARS = 700
ROW, ROWS, LABEL = 5, 5, 80
PREFIX = "nbalert"

_GREEN, _RED, _BLURPLE = 3, 4, 1
_ENDED = {Outcome.APPROVED: COLOURS[Level.OK], Outcome.REJECTED: COLOURS[Level.CRITICAL]}
_GREY = 0x95A5A6


def question_blocks(message: Message, question: Question, has_timestamp: bool) -> Iterator[Block]:
    """One embed, and the code as a file where it is long.

    Raises:
        ChannelRefused: The code is larger than the service takes; a part of it would be approved unseen.
    """
    decision = message.decision
    embed: dict[str, Any] = {
        "title": trimmed(escape(question.text) or "\u200b", TITLE),
        "color": COLOURS[Level.WARNING] if decision is None else _ENDED.get(decision.outcome, _GREY),
        "description": _description(message, question),
        "fields": list(_fields(question, decision)),
    }
    if footer := footer_of(message):
        embed["footer"] = {"text": footer}
    if message.source.link.startswith(("https://", "http://")):
        embed["url"] = message.source.link
    if has_timestamp:
        embed["timestamp"] = message.created_at.isoformat()
    yield Block(embed)
    if _is_long(question):
        if len(question.code.encode("utf-8", "replace")) > FILE_BYTES:
            raise ChannelRefused("the code is larger than Discord takes; it cannot be shown whole")
        yield Block(file=text_file("code.py", question.code))


def components(question: Question) -> list[dict[str, Any]]:
    """The buttons, in rows; none where they are more than the service takes: a reply says it then."""
    buttons = [
        {
            "type": 2,
            "style": _RED if one.is_rejection else _BLURPLE if question.policy.choices else _GREEN,
            "label": trimmed(clean(one.label) or "\u200b", LABEL),
            "custom_id": f"{PREFIX}:{question.id}:{number}",
        }
        for number, one in enumerate(question.policy.buttons)
    ]
    if len(buttons) > ROW * ROWS:
        return []
    return [{"type": 1, "components": buttons[n : n + ROW]} for n in range(0, len(buttons), ROW)]


def clicked(custom_id: str) -> tuple[str, int] | None:
    """Question and number of a button of ours; None for any other."""
    prefix, _, rest = custom_id.partition(":")
    question, _, number = rest.rpartition(":")
    return (question, int(number)) if prefix == PREFIX and question and number.isdecimal() else None


def _description(message: Message, question: Question) -> str:
    decision = message.decision
    told = [f"**{trimmed(escape(decision.sentence), TEXT_CHARS)}**"] if decision is not None else []
    if units(escape(question.text)) > TITLE:
        told.append(trimmed(escape(question.text), TEXT_CHARS))
    if message.text and message.text != question.text:
        told.append(trimmed(escape(message.text), TEXT_CHARS))
    if question.code and _is_long(question):
        told += [fenced(trimmed(broken(question.code), PREVIEW_CHARS), "py"), "The whole code is in code.py."]
    elif question.code:
        told.append(fenced(broken(question.code), "py"))
    if question.redacted:
        told.append(f"{question.redacted} secret string(s) blotted out.")
    if decision is None:
        told.append(trimmed(escape(question.policy.hint), TEXT_CHARS))
    return "\n".join(told)


def _is_long(question: Question) -> bool:
    return units(broken(question.code)) > CODE_CHARS


def _fields(question: Question, decision: Decision | None) -> Iterator[dict[str, Any]]:
    policy = question.policy
    yield _field("May answer", _people(policy))
    if policy.need > 1:
        yield _field("Approvals needed", str(policy.need))
    if decision is None and question.expires_at is not None:
        stamp = int(question.expires_at.timestamp())
        yield _field("Until", f"<t:{stamp}:t> (<t:{stamp}:R>)")
    if question.code_sha256:
        yield {**_field("SHA-256", f"`{question.code_sha256}`"), "inline": False}


def _people(policy: Policy) -> str:
    if ANYONE in policy.approvers:
        return "everybody here"
    names = (f"<@{one}>" if one.isdecimal() else escape(one) for one in policy.approvers)
    return trimmed(", ".join(names) or "nobody", 1000)


def _field(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value, "inline": True}
