"""What Telegram tells of → answers to a question. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nbalert.channels.telegram_question import THUMBS, is_ours, pressed
from nbalert.message import Receipt
from nbalert.policy import NO, Reply
from nbalert.question import Question

Update = Mapping[str, Any]
Subject = tuple[str, int]
"""Chat and id of the message that something is about."""

KINDS = ("message", "edited_message", "callback_query", "message_reaction")
"""All that is asked for (Source: getUpdates, allowed_updates). Reactions come where the bot is an admin."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message of ours stands.

    Args:
        chat: Id.
        message: Id.
        date: When the service took it, by its clock, in seconds.
        is_caption: Whether its text stands below a picture or a file.
    """

    chat: str
    message: int
    date: int
    is_caption: bool = False

    @classmethod
    def of(cls, reference: str) -> Place:
        """From a receipt."""
        chat, message, date, kind = reference.split("/")
        return cls(chat, int(message), int(date), kind == "caption")

    @property
    def reference(self) -> str:
        """For a receipt."""
        return f"{self.chat}/{self.message}/{self.date}/{'caption' if self.is_caption else 'text'}"


def subject_of(update: Update) -> Subject | None:
    """The message that an update may be an answer to; None for other talk."""
    if click := update.get("callback_query"):
        said = click.get("message") or {}
        return _subject(said, said.get("message_id")) if is_ours(str(click.get("data"))) else None
    if reaction := update.get("message_reaction"):
        return _subject(reaction, reaction.get("message_id"))
    message = update.get("message") or update.get("edited_message") or {}
    replied = message.get("reply_to_message") or {}
    is_to_bot = bool((replied.get("from") or {}).get("is_bot"))
    return _subject(message, replied.get("message_id")) if is_to_bot else None


def reply_of(update: Update, question: Question, receipt: Receipt) -> Reply | None:
    """The answer that an update about the question's message is."""
    if click := update.get("callback_query"):
        return _of_click(click, question)
    if reaction := update.get("message_reaction"):
        return _of_reaction(reaction, question, receipt)
    if said := update.get("message") or update.get("edited_message"):
        return _of_message(said, receipt)
    return None


def link_to(chat: Mapping[str, Any], message: int) -> str:
    """Where a message can be looked at; private chats and small groups have no such place."""
    if name := chat.get("username"):
        return f"https://t.me/{name}/{message}" if chat.get("type") != "private" else ""
    id_ = str(chat.get("id", ""))
    return f"https://t.me/c/{id_[4:]}/{message}" if id_.startswith("-100") else ""


def name_of(user: Mapping[str, Any]) -> str:
    """What people call somebody."""
    names = (user.get("first_name"), user.get("last_name"))
    return " ".join(str(name) for name in names if name) or str(user.get("username", ""))


def _subject(said: Mapping[str, Any], message: object) -> Subject | None:
    chat = (said.get("chat") or {}).get("id")
    return (str(chat), message) if chat is not None and isinstance(message, int) else None


def _of_click(click: Mapping[str, Any], question: Question) -> Reply | None:
    says, user = pressed(question, str(click.get("data"))), click.get("from") or {}
    if not says or "id" not in user:
        return None
    return Reply(
        reference=f"click:{click['id']}",
        person=str(user["id"]),
        name=name_of(user),
        text=says,
        at=datetime.now(UTC),  # the service tells none
        way="button",
        is_bot=bool(user.get("is_bot")),
    )


def _of_message(said: Mapping[str, Any], receipt: Receipt) -> Reply:
    """Anonymous admins and channels write by a common bot's name: nobody can tell who they are."""
    chat, message, edited = said["chat"], said["message_id"], said.get("edit_date")
    author, sender = said.get("from") or {}, said.get("sender_chat") or {}
    return Reply(
        reference=f"message:{chat['id']}:{message}" + (f":{edited}" if edited else ""),
        person=str(sender.get("id") or author.get("id", "")),
        name=str(sender.get("title", "")) or name_of(author),
        text=str(said.get("text") or said.get("caption") or ""),
        at=_taken_at(said, receipt),
        way="reply",
        is_bot=bool(sender or author.get("is_bot") or said.get("via_bot")),
        is_edited=bool(edited),
        link=link_to(chat, message),
    )


def _of_reaction(said: Mapping[str, Any], question: Question, receipt: Receipt) -> Reply | None:
    """One of the two that the question names, when it is given, not when it is taken away."""
    given = [THUMBS[sign] for sign in _signs(said, "new_reaction") - _signs(said, "old_reaction")]
    means = sorted(given, key=lambda one: one != NO)  # of both at once, the no
    words = [question.policy.reactions[one] for one in means if one in question.policy.reactions]
    user, actor = said.get("user") or {}, said.get("actor_chat") or {}
    if not words or not (user or actor):
        return None
    person = str(user.get("id") or actor.get("id"))
    return Reply(
        reference=f"reaction:{person}:{means[0]}:{said.get('date')}",
        person=person,
        name=name_of(user) or str(actor.get("title", "")),
        text=words[0],
        at=_taken_at(said, receipt),
        way="reaction",
        is_bot=bool(actor or user.get("is_bot")),
    )


def _signs(said: Mapping[str, Any], name: str) -> set[str]:
    return {str(one.get("emoji")) for one in said.get(name) or ()} & THUMBS.keys()


def _taken_at(said: Mapping[str, Any], receipt: Receipt) -> datetime:
    """When the service took it, on the clock on which the question was posted: clocks differ."""
    after_s = int(said.get("date", 0)) - Place.of(receipt.reference).date
    return receipt.posted_at + timedelta(seconds=max(0, after_s))
