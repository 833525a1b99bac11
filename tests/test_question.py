from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalert.policy import ANYONE, Policy, Reply, read
from nbalert.question import Decision, Outcome, Question, decide, objection, sha256_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PEOPLE = ("ann", "bob", "carol", "dan")


def asked(**policy: Any) -> Question:
    """Asked at noon, for an hour, of `bob` and `carol`, by `ann`."""
    whole = Policy(**{"approvers": ("bob", "carol"), "asker": "ann", **policy})
    return Question(
        id="q", text="?", code="x", run="r", policy=whole, asked_at=NOON, expires_at=NOON + timedelta(hours=1)
    )


def said(person: str, text: str, minute: float = 1, **more: Any) -> Reply:
    """An answer, minutes after noon."""
    at = NOON + timedelta(minutes=minute)
    return Reply(reference=f"{person}{minute}", person=person, text=text, at=at, **more)


replies = st.lists(
    st.builds(
        said,
        person=st.sampled_from(PEOPLE),
        text=st.sampled_from(["yes", "no", "LGTM", "Reject: later", "hm", "yes please"]),
        minute=st.integers(-5, 70),
        is_bot=st.booleans(),
        is_edited=st.booleans(),
    ),
    max_size=12,
)
questions = st.builds(
    asked,
    approvers=st.sampled_from([("bob",), ("bob", "carol"), ("ann", "bob"), (ANYONE,), PEOPLE]),
    need=st.integers(1, 3),
    allow_self=st.booleans(),
)


@given(questions, replies)
def test_an_approval_meets_the_policy(question: Question, given: list[Reply]) -> None:
    """Approved only by as many different people as needed, each allowed, in time, and saying yes."""
    decision = decide(question, given)
    if decision is None or not decision:
        return
    policy = question.policy
    assert len(set(decision.by)) == len(decision.by) >= policy.need
    for person in decision.by:
        assert ANYONE in policy.approvers or person in policy.approvers
        assert policy.allow_self or person != policy.asker
        assert any(
            r.person == person
            and r.text in ("yes", "LGTM")
            and not (r.is_bot or r.is_edited)
            and NOON <= r.at < NOON + timedelta(hours=1)
            for r in given
        )


@given(questions, replies)
def test_a_rejection_wins(question: Question, given: list[Reply]) -> None:
    """Where somebody who may answer said no before the approval was complete, it is rejected, by them."""
    decision = decide(question, given)
    voices = [(n, r) for n, r in enumerate(given) if not objection(question, r)]
    noes = [n for n, r in voices if read(question.policy, r.text).is_yes is False]
    complete = next(
        (n for n, _ in voices if len({r.person for m, r in voices if m <= n}) >= question.policy.need), None
    )
    if noes and (complete is None or noes[0] <= complete):
        assert decision is not None
        assert (decision.outcome, decision.by) == (Outcome.REJECTED, (given[noes[0]].person,))
    elif complete is None:
        assert decision is None
    else:
        assert decision


@given(questions, replies)
def test_a_decision_is_final(question: Question, given: list[Reply]) -> None:
    """What comes after the decision does not change it."""
    first = next((d for n in range(len(given) + 1) if (d := decide(question, given[:n])) is not None), None)
    assert decide(question, given) == first


def test_one_voice_a_person() -> None:
    """Who says yes three times is one person."""
    assert decide(asked(need=2), [said("bob", "yes", n) for n in range(3)]) is None
    assert decide(asked(need=2), [said("bob", "yes"), said("carol", "ok")])


def test_a_decision_is_false_unless_approved() -> None:
    """`if decision:` means approved, for each outcome."""
    for outcome in Outcome:
        decision = Decision(question_id="q", outcome=outcome, decided_at=NOON)
        assert bool(decision) is (outcome is Outcome.APPROVED)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (said("eve", "yes"), "not an approver"),
        (said("bob", "yes", is_bot=True), "bots"),
        (said("bob", "yes", is_edited=True), "edited"),
    ],
)
def test_who_does_not_count_is_told_why(reply: Reply, why: str) -> None:
    """The reason is for the person who answered."""
    assert why in asked().policy.objection(reply)
    assert decide(asked(), [reply]) is None


def test_the_asker() -> None:
    """The asker's answer does not count, also where anyone may answer; allowed, it is recorded."""
    assert decide(asked(approvers=(ANYONE,)), [said("ann", "yes")]) is None
    decision = decide(asked(approvers=(ANYONE,), allow_self=True), [said("ann", "yes")])
    assert decision is not None
    assert decision.sentence == "approved by ann (self-approved)"


@pytest.mark.parametrize("minute", [-1, 60, 61])
def test_too_early_and_too_late(minute: int) -> None:
    """Answers from before the question and from its end on do not count."""
    assert decide(asked(), [said("bob", "yes", minute)]) is None
    assert decide(asked(), [said("bob", "yes", 0)])


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("approve", (True, "")),
        ("  LGTM  ", (True, "")),
        ("yes: but be quick", (True, "but be quick")),
        ("No\nit is\nFriday", (False, "it is Friday")),
        ("yes please", (None, "")),
        ("not approve", (None, "")),
        ("yesterday", (None, "")),
        ("", (None, "")),
        ("👍", (None, "")),
    ],
)
def test_words(text: str, meaning: tuple[bool | None, str]) -> None:
    """A word counts as the whole of the first line; a reason follows a colon or a line's end."""
    assert read(asked().policy, text)[:2] == meaning


def test_own_words_and_a_word_for_both() -> None:
    """Words can be chosen; one that means both means no."""
    policy = asked(approve=("Ja", "x"), reject=("nein", "X")).policy
    assert [read(policy, word).is_yes for word in ("JA", "yes", "x")] == [True, None, False]


@given(questions)
def test_json(question: Question) -> None:
    """A question survives JSON, and so do replies and decisions."""
    assert Question.from_json(question.to_json()) == question
    reply = said("bob", "yes: 🚀", way="button")
    assert Reply.from_json(reply.to_json()) == reply
    decision = decide(asked(), [reply])
    assert decision is not None
    assert Decision.from_json(decision.to_json()) == decision


def test_the_digest_is_of_the_code() -> None:
    """Other code has another digest, and no code has none."""
    assert sha256_of("db.drop()") == "8c57d245650d3ef4d37d1909ade2fc916ade3495ab23a6073d39f2ca9c6f57df"
    assert sha256_of("db.drop() ") != sha256_of("db.drop()")
    assert sha256_of("") == ""
