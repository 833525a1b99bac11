"""What Discord's people do → answers to a question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from nbalert.channels.discord_question import clicked
from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.question import Question

EPOCH_MS = 1420070400000
"""Of the times in Discord's ids. Source: Discord, "API Reference", Snowflakes, 2026-08-06."""


def place(receipt: Receipt) -> tuple[str, str]:
    """Ids of channel and message."""
    channel, _, message = receipt.reference.partition("/")
    return channel, message


class Answers:
    """The answers to one question.

    Args:
        question: As it is asked here.
        receipt: Of it.
        me: Id of the bot: what it says itself is no answer.
    """

    def __init__(self, question: Question, receipt: Receipt, me: str) -> None:
        self._question, self._receipt, self._me = question, receipt, me
        self._channel, self._message = place(receipt)

    def of_event(self, name: str, data: Mapping[str, Any]) -> Reply | None:
        """Of what the gateway tells."""
        if name == "INTERACTION_CREATE":
            return self._click(data)
        if name == "MESSAGE_REACTION_ADD":
            user = (data.get("member") or {}).get("user") or {"id": data["user_id"]}
            return self.of_reaction(str(data["emoji"].get("name")), user)
        return self.of_message(data)

    def of_message(self, data: Mapping[str, Any]) -> Reply | None:
        """A reply to the question, or in its thread, which has the question's id; None for other talk."""
        reference = (data.get("message_reference") or {}).get("message_id")
        if self._message not in (reference, data.get("channel_id")):
            return None
        author = data.get("author") or {}
        if author.get("id") == self._me or int(data["id"]) <= int(self._message):
            return None
        edited = data.get("edited_timestamp") or ""
        return Reply(
            reference=f"message:{data['channel_id']}:{data['id']}" + (f":{edited}" if edited else ""),
            person=str(author.get("id", "")),
            name=_name(author, data.get("member")),
            text=str(data.get("content") or ""),
            at=self._taken_at(data["id"]),
            way="reply",
            is_bot=bool(author.get("bot") or data.get("webhook_id")),
            is_edited=bool(edited),
            link=self._link(data),
        )

    def of_reaction(self, emoji: str, user: Mapping[str, Any]) -> Reply | None:
        """One of the two reactions that the question carries. The service tells no time of it."""
        word = self._question.policy.reactions.get(emoji)
        if word is None or user["id"] == self._me:
            return None
        return Reply(
            reference=f"reaction:{user['id']}:{emoji}",
            person=str(user["id"]),
            name=_name(user, None),
            text=word,
            at=datetime.now(UTC),
            way="reaction",
            is_bot=bool(user.get("bot")),
        )

    def _click(self, data: Mapping[str, Any]) -> Reply | None:
        found = clicked(str(data["data"].get("custom_id")))
        buttons = self._question.policy.buttons
        if not found or found[0] != self._question.id or found[1] >= len(buttons):
            return None
        member = data.get("member") or {}
        user = member.get("user") or data.get("user") or {}
        return Reply(
            reference=f"click:{data['id']}",
            person=str(user.get("id", "")),
            name=_name(user, member),
            text=buttons[found[1]].says,
            at=self._taken_at(data["id"]),
            way="button",
            is_bot=bool(user.get("bot")),
        )

    def _taken_at(self, snowflake: str) -> datetime:
        """When the service took it, on the clock on which the question was posted: clocks differ."""
        after_ms = (int(snowflake) >> 22) - (int(self._message) >> 22)
        return self._receipt.posted_at + timedelta(milliseconds=max(0, after_ms))

    def _link(self, data: Mapping[str, Any]) -> str:
        guild = self._receipt.link.split("/")[-3] if self._receipt.link else ""
        site = self._receipt.link.rsplit("/", 3)[0]
        return f"{site}/{guild}/{data['channel_id']}/{data['id']}" if guild else ""


def _name(user: Mapping[str, Any], member: Mapping[str, Any] | None) -> str:
    return str((member or {}).get("nick") or user.get("global_name") or user.get("username") or "")


def subjects(name: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the messages that an event may be an answer to."""
    if name == "INTERACTION_CREATE":
        return ((data.get("message") or {}).get("id", ""),)
    if name == "MESSAGE_REACTION_ADD":
        return (data["message_id"],)
    if name in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        return ((data.get("message_reference") or {}).get("message_id", ""), data["channel_id"])
    return ()
