"""Question, Reply, Policy, Decision, and `decide`: pure, no clock, no I/O.

A question ends in one of five outcomes, and only one of them lets code run:

    open ──▶ approved      enough approvers said yes, in time, and nobody who may answer said no
         ──▶ rejected      an approver said no
         ──▶ expired       the time was up
         ──▶ cancelled     the asker's run was interrupted, or somebody pressed Cancel
         ──▶ error         the channel refused the question, or the way back is lost
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

ANYONE = "anyone"
"""The word that lets everybody in a chat answer. It has to be written out in the settings."""

APPROVE = ("approve", "lgtm", "ok", "yes")
REJECT = ("decline", "disapprove", "no", "reject")
"""Words of ZenML's alerters, compared without case, and only as the whole first line of a reply."""


class Outcome(StrEnum):
    """How a question ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ERROR = "error"


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
    """

    approvers: tuple[str, ...]
    need: int = 1
    approve: tuple[str, ...] = APPROVE
    reject: tuple[str, ...] = REJECT
    asker: str = ""
    allow_self: bool = False

    def objection(self, reply: Reply) -> str:
        """Why this reply does not count, in words for the person who gave it; empty if it counts."""
        if reply.is_bot:
            return "answers of bots do not count"
        if reply.is_edited:
            return "edited answers do not count; please answer anew"
        if ANYONE not in self.approvers and reply.person not in self.approvers:
            return "you are not an approver of this question"
        if self.asker and reply.person == self.asker and not self.allow_self:
            return "the asker may not answer"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Args:
        id: Random and unguessable; every button and stored row carries it.
        text: The question in the asker's words.
        code: What will run: the body of `%%ask`, the whole cell of `%ask`; empty outside a cell.
        run: Names the one run that may use the decision.
        policy: Who may decide.
        asked_at: Aware UTC.
        expires_at: Aware UTC; None means never.
    """

    id: str
    text: str
    code: str
    run: str
    policy: Policy
    asked_at: datetime
    expires_at: datetime | None

    @property
    def code_sha256(self) -> str:
        """Hex digest of the code, UTF-8; what an approval is for."""
        return hashlib.sha256(self.code.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        expires = self.expires_at.isoformat() if self.expires_at else None
        return {**asdict(self), "asked_at": self.asked_at.isoformat(), "expires_at": expires}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Question:
        """The inverse of `to_json`."""
        policy: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data["policy"].items()
        }
        expires = data["expires_at"]
        return cls(
            id=data["id"],
            text=data["text"],
            code=data["code"],
            run=data["run"],
            policy=Policy(**policy),
            asked_at=datetime.fromisoformat(data["asked_at"]),
            expires_at=datetime.fromisoformat(expires) if expires else None,
        )


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
    """

    reference: str
    person: str
    text: str
    at: datetime
    name: str = ""
    way: str = "reply"
    is_bot: bool = False
    is_edited: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "at": self.at.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reply:
        """The inverse of `to_json`."""
        return cls(**{**data, "at": datetime.fromisoformat(data["at"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How a question ended. True only when approved.

    Args:
        question_id: Which question.
        outcome: One of the five.
        by: Ids of the people whose answers decided, in order of their answers.
        reason: In the decider's words, or what went wrong; may be empty.
        is_self_approved: Whether the asker's own answer is among those that decided.
        decided_at: Aware UTC.
    """

    question_id: str
    outcome: Outcome
    decided_at: datetime
    by: tuple[str, ...] = ()
    reason: str = ""
    is_self_approved: bool = field(default=False)

    def __repr__(self) -> str:
        return f"<Decision {self.sentence}>"

    def __bool__(self) -> bool:
        return self.outcome is Outcome.APPROVED

    @property
    def sentence(self) -> str:
        """One line for a reader: `rejected by ann: not on a Friday`."""
        people = f" by {', '.join(self.by)}" if self.by else ""
        own = " (self-approved)" if self.is_self_approved else ""
        return f"{self.outcome}{people}{own}{': ' + self.reason if self.reason else ''}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "decided_at": self.decided_at.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Decision:
        """The inverse of `to_json`."""
        return cls(
            question_id=data["question_id"],
            outcome=Outcome(data["outcome"]),
            decided_at=datetime.fromisoformat(data["decided_at"]),
            by=tuple(data["by"]),
            reason=data["reason"],
            is_self_approved=data["is_self_approved"],
        )


def read(policy: Policy, text: str) -> tuple[bool | None, str]:
    """What an answer says.

    Args:
        policy: Has the words.
        text: The whole answer. A reason may follow after a colon or on the next lines.

    Returns:
        (True for yes, False for no, None for anything else; the reason, may be empty).
    """
    first, _, rest = text.strip().partition("\n")
    word, _, reason = first.partition(":")
    said, why = word.strip().casefold(), " ".join(f"{reason} {rest}".split())
    if said in {w.casefold() for w in policy.reject}:
        return False, why
    if said in {w.casefold() for w in policy.approve}:
        return True, why
    return None, ""


def decide(question: Question, replies: Iterable[Reply]) -> Decision | None:
    """The decision that these replies make, or None while the question is open.

    One voice a person, the latest counts; a rejection wins. Replies from before the question and from
    after its end do not count, nor those that the policy objects to.

    Args:
        question: Has the policy and the times.
        replies: In the order in which the service took them.
    """
    policy = question.policy
    voices: dict[str, Reply] = {}
    for reply in replies:
        if not counts(question, reply):
            continue
        says_yes, reason = read(policy, reply.text)
        if says_yes is False:
            return _decision(question, Outcome.REJECTED, [reply], reason)
        voices.pop(reply.person, None)
        voices[reply.person] = reply
        if len(voices) >= policy.need:
            return _decision(question, Outcome.APPROVED, list(voices.values()), reason)
    return None


def counts(question: Question, reply: Reply) -> bool:
    """Whether a reply is a voice: in time, by somebody who may answer, and one of the words."""
    in_time = question.asked_at <= reply.at and (
        question.expires_at is None or reply.at < question.expires_at
    )
    return (
        in_time and not question.policy.objection(reply) and read(question.policy, reply.text)[0] is not None
    )


def _decision(question: Question, outcome: Outcome, replies: list[Reply], reason: str) -> Decision:
    people = tuple(r.person for r in replies)
    return Decision(
        question_id=question.id,
        outcome=outcome,
        decided_at=replies[-1].at,
        by=people,
        reason=reason,
        is_self_approved=outcome is Outcome.APPROVED
        and bool(question.policy.asker)
        and question.policy.asker in people,
    )
