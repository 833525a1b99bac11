"""What Mattermost's people do → answers to a question. Pure, no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nbalert.channels.mattermost_question import SEEDS
from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.question import Question

POSTED, EDITED, DELETED, REACTED = "posted", "post_edited", "post_deleted", "reaction_added"
_SYSTEM = "system_"
_MACHINES = ("from_bot", "from_webhook", "from_plugin", "from_oauth_app")
"""What the server notes in the props of a post that no person has written by hand."""


def content(event: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The post or the reaction of an event, which has it as JSON in a text; empty where it has none."""
    found = data.get("reaction" if event == REACTED else "post")
    parsed = json.loads(found) if isinstance(found, str) else found
    return parsed if isinstance(parsed, dict) else {}


def subject(event: str, data: Mapping[str, Any]) -> str:
    """Id of the message that an event is about: of a reply, the one that it replies to."""
    if event == REACTED:
        return str(data.get("post_id", ""))
    return str(data.get("root_id") or data.get("id", "")) if event in (POSTED, EDITED, DELETED) else ""


def place(receipt: Receipt) -> tuple[str, str]:
    """Ids of channel and post."""
    channel, _, post = receipt.reference.partition("/")
    return channel, post


class Answers:
    """The answers to one question.

    Args:
        question: As it is asked here.
        receipt: Of it.
        me: Id of the bot: what it says itself is no answer.
    """

    def __init__(self, question: Question, receipt: Receipt, me: str) -> None:
        self._link, self._post, self._me = receipt.link, place(receipt)[1], me
        self._words = {SEEDS[sign]: word for sign, word in question.policy.reactions.items() if sign in SEEDS}

    def of_event(self, event: str, data: Mapping[str, Any]) -> Reply | None:
        """Of what the server pushes; None for what is no answer."""
        if event == REACTED:
            return self.of_reaction(data)
        return self.of_post(data) if event in (POSTED, EDITED) else None

    def of_post(self, post: Mapping[str, Any]) -> Reply | None:
        """A reply in the question's thread."""
        if post.get("root_id") != self._post or post.get("user_id") == self._me:
            return None
        if str(post.get("type") or "").startswith(_SYSTEM) or post.get("delete_at"):
            return None
        edited, props = int(post.get("edit_at") or 0), post.get("props") or {}
        return Reply(
            reference=f"post:{post['id']}" + (f":{edited}" if edited else ""),
            person=str(post["user_id"]),
            text=str(post.get("message") or ""),
            at=time_of(edited or post["create_at"]),
            way="reply",
            is_bot=any(props.get(name) for name in _MACHINES),
            is_edited=bool(edited),
            link=self._link.replace(self._post, str(post["id"])),
        )

    def of_reaction(self, reaction: Mapping[str, Any]) -> Reply | None:
        """One of the two that the question carries, on the question itself."""
        word = self._words.get(str(reaction.get("emoji_name")))
        is_here = reaction.get("post_id") == self._post
        if word is None or not is_here or reaction["user_id"] == self._me:
            return None
        return Reply(
            reference=f"reaction:{reaction['user_id']}:{reaction['emoji_name']}",
            person=str(reaction["user_id"]),
            text=word,
            at=time_of(reaction["create_at"]),
            way="reaction",
        )


def time_of(milliseconds: Any) -> datetime:
    """Of the server's clock."""
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
