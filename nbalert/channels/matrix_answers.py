"""From the events of a room to answers to one question. No I/O; what people send can be anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from nbalert.channels.matrix_text import permalink
from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.question import Question

KINDS = ("m.room.message", "m.reaction")
"""Types of the events that can be answers."""
VARIANT = "\ufe0f"
"""Follows an emoji in some clients."""

Event = Mapping[str, Any]


def place(receipt: Receipt) -> tuple[str, str]:
    """Ids of room and event."""
    room, _, event = receipt.reference.partition("/$")
    return room, f"${event}"


class Answers:
    """The answers to one question.

    Args:
        question: As it is asked here.
        receipt: Of it.
        me: Id of the bot: what it says itself is no answer.
    """

    def __init__(self, question: Question, receipt: Receipt, me: str) -> None:
        self._question, self._receipt, self._me = question, receipt, me
        self._room, self._event = place(receipt)
        self._via = me.partition(":")[2]
        self._authors: dict[str, str] = {}
        self.asked_ms: object = None
        """When the homeserver took the question, by its clock."""

    def of(self, events: Iterable[Event], names: Mapping[str, str]) -> list[Reply]:
        """Those among events of the room, in their order. Whoever has edited an answer has given another one.

        Args:
            names: What people call themselves there, by id.
        """
        known = [one for one in events if isinstance(one, Mapping)]
        edited = {(_text(_relation(one), "event_id"), _text(one, "sender")) for one in known if _is_edit(one)}
        return [reply for one in known if (reply := self._of(one, names, edited))]

    def _of(self, event: Event, names: Mapping[str, str], edited: set[tuple[str, str]]) -> Reply | None:
        id_, sender, kind = _text(event, "event_id"), _text(event, "sender"), _text(event, "type")
        if not id_ or not sender or sender == self._me:
            return None
        if kind == "m.reaction":
            return self._of_reaction(event, names)
        if kind != "m.room.message":
            return None
        if _is_edit(event):
            return self._of_edit(event, names)
        if not self._is_reply(_relation(event)):
            return None
        self._authors[id_] = sender
        if (id_, sender) in edited or _part(_part(event, "unsigned"), "m.relations").get("m.replace"):
            return None  # the edit is an event of its own
        return self._reply(event, _part(event, "content"), names)

    def _of_edit(self, event: Event, names: Mapping[str, str]) -> Reply | None:
        """Of an answer, by its author."""
        if self._authors.get(_text(_relation(event), "event_id")) != _text(event, "sender"):
            return None
        return self._reply(event, _part(_part(event, "content"), "m.new_content"), names, is_edited=True)

    def _of_reaction(self, event: Event, names: Mapping[str, str]) -> Reply | None:
        relation = _relation(event)
        if relation.get("rel_type") != "m.annotation" or relation.get("event_id") != self._event:
            return None
        says = self._question.policy.reactions.get(_text(relation, "key").replace(VARIANT, ""))
        return self._made(event, says, names, way="reaction") if says else None

    def _is_reply(self, relation: Event) -> bool:
        """In the question's thread, or to the question itself."""
        is_in_thread = relation.get("rel_type") == "m.thread" and relation.get("event_id") == self._event
        return is_in_thread or _part(relation, "m.in_reply_to").get("event_id") == self._event

    def _reply(
        self, event: Event, content: Event, names: Mapping[str, str], is_edited: bool = False
    ) -> Reply | None:
        kind = content.get("msgtype")
        if kind not in ("m.text", "m.notice"):
            return None
        text = _without_quote(_text(content, "body"))
        return self._made(event, text, names, is_bot=kind == "m.notice", is_edited=is_edited)

    def _made(self, event: Event, text: str, names: Mapping[str, str], **more: Any) -> Reply:
        id_, sender = _text(event, "event_id"), _text(event, "sender")
        return Reply(
            reference=id_,
            person=sender,
            name=names.get(sender, ""),
            text=text,
            at=self._taken_at(event.get("origin_server_ts")),
            link=permalink(self._room, id_, via=self._via),
            **more,
        )

    def _taken_at(self, sent_ms: object) -> datetime:
        """On the clock on which the question was posted; the time is the word of the sender's homeserver.

        An answer names its question, so that it is no older, and nothing comes from the future.
        """
        now = datetime.now(UTC)
        if not (isinstance(sent_ms, int) and isinstance(self.asked_ms, int)):
            return now
        after_ms = min(max(0, sent_ms - self.asked_ms), 10**12)
        return min(now, self._receipt.posted_at + timedelta(milliseconds=after_ms))


def names_of(members: Iterable[object]) -> dict[str, str]:
    """What people call themselves, by id, from the events that say who is in a room."""
    found = {}
    for one in members:
        if isinstance(one, Mapping) and _text(one, "type") == "m.room.member":
            found[_text(one, "state_key")] = _text(_part(one, "content"), "displayname")
    return found


def _relation(event: Event) -> Event:
    return _part(_part(event, "content"), "m.relates_to")


def _is_edit(event: Event) -> bool:
    return _relation(event).get("rel_type") == "m.replace"


def _part(data: Event, name: str) -> Event:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(data: Event, name: str) -> str:
    found = data.get(name)
    return found if isinstance(found, str) else ""


def _without_quote(body: str) -> str:
    """Older clients repeat what they reply to. Source: "Fallbacks for rich replies", v1.12."""
    if not body.startswith("> "):
        return body
    lines = body.split("\n")
    said = next((n for n, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[said:]).strip("\n")
