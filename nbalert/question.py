"""Question, Decision, and `decide`: pure, no clock, no I/O.

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
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from nbalert.policy import Answer, Policy, Reply, Voice, read


class Outcome(StrEnum):
    """How a question ended: `approved`, `rejected`, `expired`, `cancelled` or `error`. Each is a str."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Args:
        id: Random and unguessable; every button and stored row carries it.
        text: The question in the asker's words.
        code: What will run, as it is shown: the body of `%%ask`, the whole cell of `%ask`; empty outside a
            cell. The contents of secret strings are blotted out in it, and what is invisible is made visible.
        code_sha256: Hex digest of the exact code, UTF-8: what an approval is for; empty without code.
        redacted: How many secret strings are blotted out in `code`.
        run: Names the one run that may use the decision.
        policy: Who may decide, on the first channel.
        policies: Who may decide on each further channel, by its name.
        asked_at: Aware UTC.
        expires_at: Aware UTC; None means never.
        boot: Names the boot of the machine on which `expires_boot_s` counts; empty where that is unknown.
        expires_boot_s: The end on the clock that neither a change of time nor sleep holds up.
        escalate_to: Name of the channel in which it is asked as well when nobody has decided for a while.
        escalate_after_s: That while; seconds from `asked_at`.
    """

    id: str
    text: str
    code: str
    run: str
    policy: Policy
    asked_at: datetime
    expires_at: datetime | None
    code_sha256: str = ""
    redacted: int = 0
    policies: Mapping[str, Policy] = field(default_factory=dict)
    boot: str = ""
    expires_boot_s: float | None = None
    escalate_to: str = ""
    escalate_after_s: float | None = None

    def on(self, channel: str) -> Question:
        """The question as it is asked on one channel: its `policy` is that of the channel."""
        return replace(self, policy=self.policies.get(channel, self.policy))

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        expires = self.expires_at.isoformat() if self.expires_at else None
        return {**asdict(self), "asked_at": self.asked_at.isoformat(), "expires_at": expires}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Question:
        """The inverse of `to_json`; an older version has written fewer keys, a newer one may write more."""
        expires = data["expires_at"]
        return cls(
            **{name: data[name] for name in _PLAIN if name in data},
            policy=Policy.from_json(data["policy"]),
            policies={name: Policy.from_json(policy) for name, policy in data.get("policies", {}).items()},
            asked_at=datetime.fromisoformat(data["asked_at"]),
            expires_at=datetime.fromisoformat(expires) if expires else None,
        )


_PLAIN = (
    *("id", "text", "code", "run", "code_sha256", "redacted"),
    *("boot", "expires_boot_s", "escalate_to", "escalate_after_s"),
)


def sha256_of(code: str) -> str:
    """Hex digest of code as it will run, UTF-8; empty for none."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest() if code else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How a question ended. True only when approved.

    Args:
        question_id: Which question.
        outcome: One of the five.
        by: Ids of the people whose answers decided, in order of their answers.
        names: What people call them, in the same order; empty where that is unknown.
        reason: In the decider's words, or what went wrong; may be empty.
        answer: The choice or the typed answer of a question that asks for one.
        is_self_approved: Whether the asker's own answer is among those that decided.
        decided_at: Aware UTC.
    """

    question_id: str
    outcome: Outcome
    decided_at: datetime
    by: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    reason: str = ""
    answer: Answer | None = None
    is_self_approved: bool = field(default=False)

    def __repr__(self) -> str:
        return f"<Decision {self.sentence}>"

    def __bool__(self) -> bool:
        return self.outcome is Outcome.APPROVED

    @property
    def sentence(self) -> str:
        """One line for a reader: `rejected by ann: not on a Friday`."""
        answer = f" {self.answer!r}" if self.answer is not None else ""
        people = f" by {', '.join(self.people)}" if self.by else ""
        own = " (self-approved)" if self.is_self_approved else ""
        reason = f": {self.reason}" if self.reason else ""
        return one_line(f"{self.outcome}{answer}{people}{own}{reason}")

    @property
    def people(self) -> tuple[str, ...]:
        """Who decided, each by name and, as anybody can take a name, by id: `Ann (U012AB3CD)`."""
        names = self.names if len(self.names) == len(self.by) else ("",) * len(self.by)
        return tuple(
            f"{name} ({id_})" if name and name != id_ else id_
            for name, id_ in zip(names, self.by, strict=True)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "decided_at": self.decided_at.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Decision:
        """The inverse of `to_json`."""
        return cls(
            question_id=data["question_id"],
            outcome=Outcome(data["outcome"]),
            decided_at=datetime.fromisoformat(data["decided_at"]),
            by=tuple(data["by"]),
            names=tuple(data.get("names", ())),
            reason=data["reason"],
            answer=data.get("answer"),
            is_self_approved=data["is_self_approved"],
        )


def one_line(text: str) -> str:
    """Foreign words in a terminal or a traceback: no new line, no escape sequence."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def decide(question: Question, replies: Iterable[Reply]) -> Decision | None:
    """The decision that these replies make, or None while the question is open.

    One voice a person, the latest counts; a rejection wins; of choices the same one has to be chosen by as
    many as are needed. Replies from before the question and from after its end do not count, nor those that
    the policy of their channel objects to.

    Args:
        question: Has the policies and the times.
        replies: In the order in which the service took them.
    """
    voices: dict[str, tuple[Reply, Voice]] = {}
    for reply in replies:
        if objection(question, reply):
            continue
        voice = read(question.on(reply.channel).policy, reply.text)
        if voice.is_yes is False:
            return _decision(question, Outcome.REJECTED, [reply], voice)
        voices.pop(reply.person, None)
        voices[reply.person] = reply, voice
        agreeing = [given for given, said in voices.values() if said.answer == voice.answer]
        if len(agreeing) >= question.policy.need:
            return _decision(question, Outcome.APPROVED, agreeing, voice)
    return None


def objection(question: Question, reply: Reply) -> str:
    """Why a reply is no voice, in words for the person who gave it; empty if it is one."""
    policy = question.on(reply.channel).policy
    if reply.at < question.asked_at:
        return "it is older than the question"
    if question.expires_at is not None and reply.at >= question.expires_at:
        return "the time of this question is up"
    if why := policy.objection(reply):
        return why
    voice = read(policy, reply.text)
    return "" if voice.is_yes is not None else voice.fault or "it is no answer"


def is_answer(question: Question, reply: Reply) -> bool:
    """Whether somebody meant to answer, so that they are told where it does not count; talk is not."""
    voice = read(question.on(reply.channel).policy, reply.text)
    return voice.is_yes is not None or bool(voice.fault)


def _decision(question: Question, outcome: Outcome, replies: list[Reply], voice: Voice) -> Decision:
    return Decision(
        question_id=question.id,
        outcome=outcome,
        decided_at=replies[-1].at,
        by=tuple(r.person for r in replies),
        names=tuple(r.name for r in replies),
        reason=voice.reason,
        answer=voice.answer if outcome is Outcome.APPROVED else None,
        is_self_approved=outcome is Outcome.APPROVED and any(_is_askers(question, r) for r in replies),
    )


def _is_askers(question: Question, reply: Reply) -> bool:
    asker = question.on(reply.channel).policy.asker
    return bool(asker) and reply.person == asker
