from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from nbalert.policy import Policy, Reply
from nbalert.question import Decision, Outcome, Question, decide
from nbalert.standing import LATE, REPLACED, escalates_at, heard, missing
from tests.inboxes import question


def replies(asked: Question, *said: str) -> list[Reply]:
    """Answers a second apart, written `person says`."""
    split = [one.split(" ", 1) for one in said]
    return [
        Reply(reference=str(n), person=who, text=text, at=asked.asked_at + timedelta(seconds=n + 1))
        for n, (who, text) in enumerate(split)
    ]


@pytest.mark.parametrize(
    ("policy", "said", "words"),
    [
        ({}, (), "waiting for one of bob, carol"),
        ({"approvers": ("bob",)}, (), "waiting for bob"),
        ({"approvers": ("anyone",)}, (), "waiting for anyone"),
        ({"need": 2}, (), "0 of 2, waiting for bob and carol"),
        ({"need": 2}, ("bob yes",), "1 of 2, waiting for carol"),
        ({"need": 2}, ("eve yes", "bob maybe"), "0 of 2, waiting for bob and carol"),
        ({"need": 2, "approvers": ("a", "b", "c")}, ("b yes",), "1 of 2, waiting for one of a, c"),
        ({"need": 2, "approvers": ("a", "b", "c")}, (), "0 of 2, waiting for 2 of a, b, c"),
        ({"need": 2, "approvers": ("a", "b", "c"), "asker": "a"}, ("b yes",), "1 of 2, waiting for c"),
        ({"need": 3, "approvers": ("anyone",)}, (), "0 of 3, waiting for 3 people"),
        ({"need": 3, "approvers": ("anyone",)}, ("a yes",), "1 of 3, waiting for 2 more people"),
        ({"need": 2, "approvers": ("anyone",)}, ("a yes",), "1 of 2, waiting for anyone else"),
        ({"need": 2, "choices": ("blue", "green")}, ("bob blue",), "1 of 2 for blue, waiting for carol"),
        (
            {"need": 3, "approvers": ("a", "b", "c", "d"), "choices": ("blue", "green")},
            ("a blue", "b green", "a green"),
            "2 of 3 for green, waiting for one of c, d",
        ),
    ],
)
def test_missing(policy: dict[str, Any], said: tuple[str, ...], words: str) -> None:
    """It says how many have approved of how many, and who else can."""
    asked = question(**policy)
    given = replies(asked, *said)
    assert decide(asked, given) is None
    assert missing(asked, given, asked.asked_at) == words


@pytest.mark.parametrize(
    ("need", "said"), [(1, ("bob yes",)), (2, ("bob yes", "carol yes")), (2, ("bob no",))]
)
def test_nothing_is_missing(need: int, said: tuple[str, ...]) -> None:
    """Once enough have approved, or somebody has rejected, nobody is waited for any more."""
    asked = question(need=need)
    given = replies(asked, *said)
    assert decide(asked, given) is not None
    assert missing(asked, given, asked.asked_at) == "that decides it"


def test_each_answer_is_judged() -> None:
    """Those of strangers, talk, earlier ones of the same person, and late ones do not count, and say why."""
    asked = question(need=2, approvers=("bob", "carol", "dan"))
    given = replies(
        asked, "eve yes", "bob yes: first", "bob what?", "bob yes: again", "carol yes", "dan no: late"
    )
    ended = decide(asked, given[:-1])
    assert ended
    judged = heard(asked, given, ended)
    assert [(one.said, one.objection) for one in judged] == [
        ("approved", "you are not an approver of this question"),
        ("approved: first", REPLACED),
        ("what?", "it is no answer"),
        ("approved: again", ""),
        ("approved", ""),
        ("rejected: late", LATE),
    ]


def test_answers_are_said() -> None:
    """A choice or a typed answer stands in the place of the word."""
    asked = question(choices=("blue", "green"))
    assert heard(asked, replies(asked, "bob BLUE: as ever"))[0].said == "blue: as ever"
    typed = question(input="int")
    (one,) = heard(typed, replies(typed, "bob many"))
    assert (one.said, one.objection) == ("many", "'many' is not a whole number; please answer anew")


def test_channels_are_put_together() -> None:
    """Whoever may answer on any of the channels is waited for."""
    asked = question(policies={"team": Policy(approvers=("carol", "U1"))})
    assert missing(asked, [], asked.asked_at) == "waiting for one of bob, carol, U1"


def test_who_is_asked_later_is_not_waited_for() -> None:
    """People of the channel that is asked when nobody has decided are waited for from then on."""
    oncall = {"oncall": Policy(approvers=("dan",))}
    asked = question(policies=oncall, escalate_to="oncall", escalate_after_s=60.0)
    then = escalates_at(asked)
    assert then == asked.asked_at + timedelta(seconds=60)
    assert missing(asked, [], then - timedelta(seconds=1)) == "waiting for one of bob, carol"
    assert missing(asked, [], then) == "waiting for one of bob, carol, dan"
    assert escalates_at(question()) is None


def test_what_is_decided_is_counted() -> None:
    """The answers that a decision names are those that count here."""
    asked = question(need=2)
    given = replies(asked, "bob yes", "carol yes")
    decision = decide(asked, given) or pytest.fail("is open")
    assert isinstance(decision, Decision)
    assert decision.outcome is Outcome.APPROVED
    assert [one.reply.person for one in heard(asked, given, decision) if not one.objection] == [*decision.by]
