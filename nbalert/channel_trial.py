"""A channel as it stands in a file, or would: tried without being saved, asked on, and who is there.

The courier builds it, uses it once, and keeps nothing of it.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from nbalert import channels
from nbalert.channel_test import PATIENCE_S, Tried, trial_message
from nbalert.eligibility import policy_for
from nbalert.errors import ChannelError
from nbalert.message import Level
from nbalert.network import Network
from nbalert.policy import ANYONE, Policy
from nbalert.process import client
from nbalert.question import Question
from nbalert.settings import ChannelTable, Settings
from nbalert.terms import Terms

ANSWER_S = 60.0
"""How long people are given to answer a test."""
NOTHING_RUNS = "A test of nbalert: nothing runs, whatever you answer"


def tried_draft(table: ChannelTable) -> Tried:
    """Try settings that are not saved yet; nothing of it is kept.

    Args:
        table: As it would stand in a file.

    Raises:
        SettingsError: They are wrong, or a secret is not there.
        CourierError: There is no courier.
    """
    answer = _asked("try", table, PATIENCE_S, message=trial_message(table.name).to_json())
    return Tried(table.name, tuple(answer["problems"]), answer["link"])


def tried_ask(table: ChannelTable, settings: Settings) -> Tried:
    """Ask a question there that nothing waits for but this test, and see whether an answer comes back.

    Args:
        table: As it stands in a file, or would; nothing of it is kept.
        settings: Say who you are there.

    Raises:
        CannotAsk: Nobody could answer; says what is missing.
        SettingsError: They are wrong, or a secret is not there.
        CourierError: There is no courier.
    """
    policy = policy_for(table, Terms(), settings)
    now = datetime.now(UTC)
    question = Question(
        id=secrets.token_urlsafe(18),
        text=f"Test of channel {table.name}: does your answer arrive?",
        code="",
        run=uuid4().hex,
        policy=policy,
        asked_at=now,
        expires_at=now + timedelta(seconds=ANSWER_S),
    )
    message = replace(trial_message(table.name), title=question.text, text=NOTHING_RUNS, level=Level.WARNING)
    message = replace(message, question=question)
    answer = _asked("try", table, ANSWER_S + 2 * PATIENCE_S, message=message.to_json())
    problems = tuple(answer["problems"])
    if not problems and not answer["answer"]:
        problems = (*(f"an answer did not count: {line}" for line in answer["ignored"]), _unheard(policy))
    return Tried(table.name, problems, answer["link"], answer.get("answer", ""))


def members_of(table: ChannelTable) -> list[tuple[str, str]]:
    """Who is there: id and name; empty where the service does not say.

    Raises:
        SettingsError: The settings are wrong, or a secret is not there.
        ChannelError: The service refuses to say; what to do about it.
        CourierError: There is no courier.
    """
    answer = _asked("members", table, PATIENCE_S)
    if problems := answer["problems"]:
        raise ChannelError("\n".join(problems))
    return [(str(id_), str(name)) for id_, name in answer["members"]]


def _asked(do: str, table: ChannelTable, patience_s: float, **more: Any) -> dict[str, Any]:
    checked = channels.check(table)
    frame = {
        "do": do,
        "channel": table.name,
        "values": checked.model_dump(mode="json", context="line", by_alias=True),
        "network": asdict(Network.of(os.environ)),
        **more,
    }
    answer: dict[str, Any] = client().request(frame, patience_s)
    return answer


def _unheard(policy: Policy) -> str:
    who = "anyone but a bot" if ANYONE in policy.approvers else ", ".join(policy.approvers)
    return (
        f"nobody has answered within {ANSWER_S:.0f} s. {who} may: by a button, or by a reply to the question."
        " Are they in that channel, and are these their ids?"
    )
