"""Where a question stands: whose answers count, why others do not, what is missing. Pure, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from nbalert.policy import ANYONE, Answer, Policy, Reply, Voice, read
from nbalert.question import Decision, Question, objection

LATE = "it came after the decision"
REPLACED = "a later answer took its place"
DECIDED = "that decides it"


class Heard(NamedTuple):
    """One answer, judged.

    Args:
        reply: As it was brought.
        voice: What it says.
        objection: Why it does not count; empty if it does.
    """

    reply: Reply
    voice: Voice
    objection: str

    @property
    def said(self) -> str:
        """What it says in one line: `blue: as ever`."""
        if self.voice.is_yes is None:
            return " ".join(self.reply.text.split())
        word = "rejected" if self.voice.is_yes is False else "approved"
        answer = word if self.voice.answer is None else str(self.voice.answer)
        return f"{answer}: {self.voice.reason}" if self.voice.reason else answer


def heard(question: Question, replies: Sequence[Reply], decision: Decision | None = None) -> list[Heard]:
    """All answers in the order in which they came, each with why it does not count."""
    judged = [_judged(question, reply, decision) for reply in replies]
    last = {one.reply.person: place for place, one in enumerate(judged) if not one.objection}
    return [
        one if one.objection or last[one.reply.person] == place else one._replace(objection=REPLACED)
        for place, one in enumerate(judged)
    ]


def missing(question: Question, replies: Sequence[Reply], now: datetime) -> str:
    """What an open question waits for: `1 of 2, waiting for one of bob, carol`; or that it does no longer."""
    voices = {one.reply.person: one.voice for one in heard(question, replies) if not one.objection}
    answer, have = _leading(voices)
    agreeing = {person for person, voice in voices.items() if voice.answer == answer}
    need = question.policy.need
    if have >= need or any(voice.is_yes is False for voice in voices.values()):
        return DECIDED
    able = [person for person in _able(question, now) if person not in agreeing]
    waits = f"waiting for {_some(able, need - have, is_more=have > 0)}"
    if need == 1:
        return waits
    found = f" for {answer}" if have and answer is not None else ""
    return f"{have} of {need}{found}, {waits}"


def _judged(question: Question, reply: Reply, decision: Decision | None) -> Heard:
    why = objection(question, reply)
    if not why and decision is not None and reply.at > decision.decided_at:
        why = LATE
    return Heard(reply, read(question.on(reply.channel).policy, reply.text), why)


def _leading(voices: dict[str, Voice]) -> tuple[Answer | None, int]:
    """The answer that most have given, and how many have."""
    counts = Counter(voice.answer for voice in voices.values() if voice.is_yes)
    return counts.most_common(1)[0] if counts else (None, 0)


def escalates_at(question: Question) -> datetime | None:
    """When another channel is asked as well; None if none is."""
    if not question.escalate_to or question.escalate_after_s is None:
        return None
    return question.asked_at + timedelta(seconds=question.escalate_after_s)


def _able(question: Question, now: datetime) -> Iterator[str]:
    """Everybody who may answer, on any channel in which it is asked by now, once."""
    later = escalates_at(question)
    silent = question.escalate_to if later is not None and now < later else ""
    others = (policy for name, policy in question.policies.items() if name != silent)
    yield from dict.fromkeys(person for policy in (question.policy, *others) for person in _allowed(policy))


def _allowed(policy: Policy) -> Iterator[str]:
    return (person for person in policy.approvers if person != policy.asker or policy.allow_self)


def _some(people: list[str], count: int, *, is_more: bool) -> str:
    """`bob`, `one of bob, carol`, `2 of …`, `anyone`, `2 more people`."""
    if ANYONE in people:
        if count == 1:
            return "anyone else" if is_more else "anyone"
        return f"{count} {'more ' if is_more else ''}people"
    if len(people) <= count:
        return " and ".join(people) or "nobody who could answer"
    return f"{'one' if count == 1 else count} of {', '.join(people)}"
