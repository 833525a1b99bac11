"""Where answers to a question go, and what comes from there → Replies. Pure, no I/O.

ntfy knows no users: who answers is told by the topic that the answer comes on, which only they were given.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from nbalert.channels.ntfy_message import MARK
from nbalert.errors import ChannelRefused
from nbalert.message import Receipt
from nbalert.policy import ANYONE, Policy, Reply

PREFIX = "nbalert-"
"""Of the topics for answers, so that a server can let everybody write to them, and nobody read."""
SOMEBODY = "somebody with the topic"


def answer_topic(topic: str, question_id: str) -> str:
    """The topic for one person's answers to one question: nobody guesses it who does not know both.

    Args:
        topic: Where that person is asked.
    """
    digest = hmac.new(topic.encode(), question_id.encode(), sha256).digest()
    return PREFIX + urlsafe_b64encode(digest).decode()[:32]


def places(channel: str, policy: Policy, topic: str, topics: Mapping[str, str]) -> dict[str, str]:
    """Whom a question is put to, and on which topic; one `anyone` where it does not matter who answers.

    Raises:
        ChannelRefused: Somebody cannot be told from others.
    """
    if ANYONE in policy.approvers:
        if policy.need > 1:
            raise ChannelRefused(
                f"{channel}: ntfy does not tell people apart, so {policy.need} cannot be counted;"
                " give each approver a private topic: topics.NAME"
            )
        return {ANYONE: topic}
    missing = [one for one in policy.approvers if one not in topics]
    if missing:
        raise ChannelRefused(
            f"{channel}: ntfy does not tell who answers;"
            f" give {', '.join(missing)} a private topic: topics.NAME"
        )
    return {one: topics[one] for one in policy.approvers}


def reply_of(data: Mapping[str, Any], person: str, receipt: Receipt) -> Reply | None:
    """The answer that a message on that person's answer topic is; one that replaces another is an edit."""
    id_, sequence = str(data.get("id", "")), data.get("sequence_id")
    if data.get("event") != "message" or not id_:
        return None
    return Reply(
        reference=id_,
        person=person,
        name=SOMEBODY if person == ANYONE else person,
        text=str(data.get("message", "")),
        at=receipt.posted_at + timedelta(seconds=max(0, int(data.get("time", 0)) - taken_at(receipt))),
        way="button" if MARK in (data.get("tags") or ()) else "reply",
        is_edited=bool(sequence) and sequence != id_,
    )


def taken_at(receipt: Receipt) -> int:
    """When the server took the question, by its clock, which may differ from ours, in seconds."""
    return int(receipt.reference.partition("/")[2] or 0)
