"""What a caller may say about a question, checked before anything is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nbalert.policy import INPUTS

MOST_CHOICES = 20
"""Each is a button, and one says no. Source: https://docs.slack.dev/reference/block-kit/blocks/actions-block
(25 in a block); https://discord.com/developers/docs/components/reference#action-row (5 rows of 5)."""

CHOICE_CHARS = 75
"""Source: https://docs.slack.dev/reference/block-kit/block-elements/button-element (`text`)."""

NEVER = math.inf
"""The timeout of a question that waits for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a caller may say about an ask; None and empty mean: as the settings say.

    Args:
        channels: Names; the first one is where it is asked first of all.
        timeout_s: Seconds; `NEVER` is for ever.
        approvers: Narrows who may answer; nobody is added. `group:NAME` stands for its members.
        need: How many have to approve.
        approve: Words that mean yes.
        reject: Words that mean no.
        choices: What to choose from, instead of a yes.
        input: `text`, `int` or `float`: what is to be typed, instead of a yes.

    Raises:
        ValueError: They cannot be met, whatever the settings say.
    """

    channels: Sequence[str] = ()
    timeout_s: float | None = None
    approvers: Sequence[str] = ()
    need: int = 1
    approve: Sequence[str] = ()
    reject: Sequence[str] = ()
    choices: Sequence[str] = ()
    input: str = ""

    def __post_init__(self) -> None:
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise ValueError("a timeout is more than nothing: 90s, 10m, 2h, or never")
        if self.need < 1:
            raise ValueError(f"--need {self.need}: at least one has to approve")
        if len(set(self.channels)) != len(self.channels):
            raise ValueError("a channel is named twice")
        _check_words(self.approve, self.reject)
        _check_choices(self.choices)
        self._check_input()

    def _check_input(self) -> None:
        if not self.input:
            return
        if self.input not in INPUTS:
            raise ValueError(f"unknown input {self.input!r}; an answer is {', '.join(INPUTS)}")
        if self.choices:
            raise ValueError("choices and a typed input are two kinds of question: ask one of them")
        if self.need > 1:
            raise ValueError("a typed answer is one person's: it cannot need several")


def _check_words(approve: Sequence[str], reject: Sequence[str]) -> None:
    both = {word.casefold() for word in approve} & {word.casefold() for word in reject}
    if both:
        raise ValueError(f"{min(both)!r} cannot mean both yes and no")


def _check_choices(choices: Sequence[str]) -> None:
    if len(choices) > MOST_CHOICES:
        raise ValueError(f"{len(choices)} choices: no more than {MOST_CHOICES} have a button in every chat")
    for choice in choices:
        if not choice.strip() or choice != choice.strip() or len(choice) > CHOICE_CHARS:
            raise ValueError(f"the choice {choice[:80]!r}: 1 to {CHOICE_CHARS} characters, no blanks around")
        if ":" in choice or not choice.isprintable():
            raise ValueError(f"the choice {choice!r}: a reason follows after a colon, so it has none itself")
    if len({choice.casefold() for choice in choices}) != len(choices):
        raise ValueError("two choices are the same but for their case")
