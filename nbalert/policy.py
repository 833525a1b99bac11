"""Who may answer and in which words: Policy, Reply, and what a reply says. Pure, no clock, no I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

ANYONE = "anyone"
"""The word that lets everybody in a chat answer. It has to be written out in the settings."""

APPROVE = ("approve", "lgtm", "ok", "yes")
REJECT = ("decline", "disapprove", "no", "reject")
"""Words of ZenML's alerters, compared without case, and only as the whole first line of a reply."""


YES, NO = "✅", "❌"
"""The two reactions that a question carries. No other decides."""

INPUTS = ("text", "int", "float")
"""What a typed answer may be."""

Answer = str | int | float
"""What a question with choices, or one that wants a typed answer, is answered with."""


class Button(NamedTuple):
    """One way to answer by a click.

    Args:
        label: What stands on it.
        says: The word that a click stands for: the `text` of its Reply.
        is_rejection: Whether it is the one that says no.
    """

    label: str
    says: str
    is_rejection: bool = False


class Voice(NamedTuple):
    """What the text of an answer says.

    Args:
        is_yes: None where it is no answer at all.
        reason: May be empty.
        answer: The choice, or the typed answer.
        fault: Why it is no answer, in words for the person who gave it; empty if that is not worth a word.
    """

    is_yes: bool | None
    reason: str = ""
    answer: Answer | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who may decide, and how.

    Args:
        approvers: Immutable ids of the service, or the one word `anyone`.
        need: How many different people have to approve, 1 or more.
        approve: Words that mean yes.
        reject: Words that mean no.
        asker: The asker's own id on this channel; empty if unknown.
        allow_self: Whether the asker may answer as well. It is recorded as self-approved.
        choices: What to choose from, instead of a yes; empty for a plain question.
        input: `text`, `int` or `float` where the answer is typed; empty otherwise.
    """

    approvers: tuple[str, ...]
    need: int = 1
    approve: tuple[str, ...] = APPROVE
    reject: tuple[str, ...] = REJECT
    asker: str = ""
    allow_self: bool = False
    choices: tuple[str, ...] = ()
    input: str = ""

    @property
    def buttons(self) -> tuple[Button, ...]:
        """What a chat with buttons shows, in order: the choices or Approve, then Reject."""
        says_no = [word for word in self.reject if word not in self.choices]
        last = (Button("Reject", says_no[0], is_rejection=True),) if says_no else ()
        if self.input:
            return last
        if self.choices:
            return (*(Button(choice, choice) for choice in self.choices), *last)
        return (Button("Approve", self.approve[0]), *last)

    @property
    def reactions(self) -> dict[str, str]:
        """The two reactions that a plain question carries, and the words they stand for; empty for others."""
        if self.choices or self.input:
            return {}
        return {YES: self.approve[0], NO: self.reject[0]}

    @property
    def hint(self) -> str:
        """How to answer by a reply, in one line."""
        no = _listed(self.reject)
        if self.input:
            kind = {"text": "your answer", "int": "a whole number", "float": "a number"}[self.input]
            return f"Reply with {kind}, or {no} to reject."
        if self.choices:
            return f"Reply {_listed(self.choices)}; or {no} to reject. A reason may follow after a colon."
        return f"Reply {_listed(self.approve)} to approve, {no} to reject. A reason may follow after a colon."

    def objection(self, reply: Reply) -> str:
        """Why this reply does not count, in words for the person who gave it; empty if it counts."""
        if reply.doubt:
            return f"it is not certain that it is yours: {reply.doubt}"
        if reply.is_bot:
            return "answers of bots do not count"
        if reply.is_edited:
            return "edited answers do not count; please answer anew"
        if ANYONE not in self.approvers and reply.person not in self.approvers:
            return "you are not an approver of this question"
        if self.asker and reply.person == self.asker and not self.allow_self:
            return "the asker may not answer"
        return ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Policy:
        """The inverse of `dataclasses.asdict`, over JSON."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer as a channel brings it.

    Args:
        reference: The service's id of this answer; the same answer brought twice has the same one.
        person: The service's immutable id of who answered.
        name: What people call them; for display only.
        text: The words, or the word that a button or a seeded reaction stands for.
        at: When the service took it, aware UTC.
        way: `button`, `reply` or `reaction`.
        is_bot: Whether a program has answered; such an answer does not count.
        is_edited: Whether this is the new text of an answer that was edited; it does not count.
        link: Where the answer can be looked at; empty if there is no such place. Never holds a secret.
        doubt: Why it is not certain that it is this person's; mostly empty. Such an answer does not count.
        channel: Name of the channel that brought it; entered by the courier.
    """

    reference: str
    person: str
    text: str
    at: datetime
    name: str = ""
    way: str = "reply"
    is_bot: bool = False
    is_edited: bool = False
    link: str = ""
    doubt: str = ""
    channel: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"at": self.at.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reply:
        """The inverse of `to_json`."""
        return cls(**{**data, "at": datetime.fromisoformat(data["at"])})


def read(policy: Policy, text: str) -> Voice:
    """What an answer says.

    Args:
        policy: Has the words.
        text: The whole answer. A reason may follow after a colon or on the next lines.
    """
    first, _, rest = text.strip().partition("\n")
    word, _, reason = first.partition(":")
    said, why = word.strip().casefold(), " ".join(f"{reason} {rest}".split())
    choices = {choice.casefold(): choice for choice in policy.choices}
    if said in choices:
        return Voice(True, why, choices[said])
    if said in {w.casefold() for w in policy.reject}:
        return Voice(False, why)
    if policy.input:
        return _typed(policy.input, text.strip())
    if said in {w.casefold() for w in policy.approve} and not policy.choices:
        return Voice(True, why)
    return Voice(None, fault=policy.hint if _begins_like_an_answer(policy, said) else "")


def _begins_like_an_answer(policy: Policy, said: str) -> bool:
    """`yes, go ahead` is none, and its author takes it for one; of other talk nobody is told."""
    words = {word.casefold() for word in (*policy.approve, *policy.reject, *policy.choices)}
    first = re.match(r"\w+", said)
    return said in words or (first is not None and first[0] in words)


def _typed(kind: str, text: str) -> Voice:
    if kind == "text":
        return Voice(True, answer=text) if text else Voice(None, fault="an answer has a text")
    try:
        number = int(text) if kind == "int" else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        wanted = "a whole number" if kind == "int" else "a number"
        return Voice(None, fault=f"{text[:40]!r} is not {wanted}; please answer anew")
    return Voice(True, answer=number)


def _listed(words: tuple[str, ...]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part) if words else "nothing"
