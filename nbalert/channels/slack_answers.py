"""From what Slack tells of clicks, messages and reactions to Replies. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nbalert.channels.slack_account import Identity
from nbalert.channels.slack_question import pressed
from nbalert.channels.slack_words import unescaped
from nbalert.policy import NO, YES, Reply
from nbalert.question import Question

SEEDS = {"white_check_mark": YES, "x": NO}
"""Slack's names of the two reactions that a question carries."""
_TALK = ("", "thread_broadcast", "file_share", "me_message", "bot_message")
"""Subtypes of messages that somebody has written (Source: message event, "Subtypes")."""

Said = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands.

    Args:
        channel: Id of the conversation.
        ts: Of the question's message, which is the name of its thread.
    """

    channel: str
    ts: str

    @classmethod
    def of(cls, reference: str) -> Place:
        """From a receipt."""
        channel, _, ts = reference.partition(":")
        return cls(channel, ts)

    @property
    def reference(self) -> str:
        """For a receipt."""
        return f"{self.channel}:{self.ts}"

    def link(self, url: str, ts: str = "") -> str:
        """Where a message can be looked at, without asking Slack (chat.getPermalink gives the same).

        Args:
            url: Of the workspace; without it there is no link.
            ts: Of a reply in the thread; empty is the question itself.
        """
        if not url:
            return ""
        found = f"{url}archives/{self.channel}/p{(ts or self.ts).replace('.', '')}"
        return f"{found}?thread_ts={self.ts}&cid={self.channel}" if ts else found


def of_click(payload: Said, question: Question) -> Reply | None:
    """A button of this question; None for anything else."""
    action = (payload.get("actions") or [{}])[0]
    button = pressed(question, str(action.get("value", "")))
    user = payload.get("user") or {}
    if button is None or not user.get("id"):
        return None
    return Reply(
        reference=f"{action.get('action_ts')}/{user['id']}",
        person=str(user["id"]),
        name=str(user.get("name") or user.get("username") or ""),
        text=button.says,
        at=time_of(action.get("action_ts")),
        way="button",
    )


def of_message(message: Said, question: Question, place: Place, me: Identity) -> Reply | None:
    """A reply in the question's thread; None for other messages, and for the bot's own."""
    ts, person = str(message.get("ts", "")), str(message.get("user") or message.get("bot_id") or "")
    if message.get("thread_ts") != place.ts or ts == place.ts or not person:
        return None
    if str(message.get("subtype") or "") not in _TALK or _is_own(message, me):
        return None
    edited = (message.get("edited") or {}).get("ts", "")
    return Reply(
        reference=f"{ts}/{edited}" if edited else ts,
        person=person,
        text=_words(message),
        at=time_of(ts),
        is_bot=bool(message.get("bot_id") or message.get("subtype") == "bot_message"),
        is_edited=bool(edited),
        link=place.link(me.url, ts),
    )


def of_reaction(
    user: str, name: str, ts: object, question: Question, place: Place, me: Identity
) -> Reply | None:
    """One of the two reactions that the question carries; None for others and the bot's own.

    Args:
        ts: Time as Slack writes it; empty where that is unknown, as in a list of reactions.
    """
    says = question.policy.reactions.get(SEEDS.get(name.partition("::")[0], ""))
    if not says or not user or user == me.user:
        return None
    return Reply(
        reference=f"{user}/{name}",
        person=user,
        text=says,
        at=time_of(ts) if ts else max(datetime.now(UTC), time_of(place.ts)),
        way="reaction",
    )


def _is_own(message: Said, me: Identity) -> bool:
    is_user = bool(me.user) and message.get("user") == me.user
    return is_user or (bool(me.bot) and message.get("bot_id") == me.bot)


def _words(message: Said) -> str:
    """The text as it was typed: Slack writes an emoji by its name, which a policy does not know."""
    text = unescaped(str(message.get("text", "")))
    for name, sign in _emoji(message.get("blocks") or []):
        text = text.replace(f":{name}:", sign)
    return text


def _emoji(blocks: object) -> list[tuple[str, str]]:
    """(name, character) of the emoji in a message's rich text."""
    found: list[tuple[str, str]] = []
    if isinstance(blocks, list):
        for block in blocks:
            found += _emoji(block)
    elif isinstance(blocks, dict):
        if blocks.get("type") == "emoji" and blocks.get("unicode"):
            codes = str(blocks["unicode"]).split("-")
            found.append((str(blocks.get("name")), "".join(chr(int(code, 16)) for code in codes)))
        found += _emoji(blocks.get("elements"))
    return found


def time_of(ts: object) -> datetime:
    """Slack's time of a message or a click, by its own clock."""
    try:
        return datetime.fromtimestamp(float(str(ts)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.now(UTC)
