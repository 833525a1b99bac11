"""The row of Matrix: a real homeserver, before which a proxy misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Self

import pytest

from nbalert.channels.matrix_answers import place
from nbalert.message import Receipt
from tests.channels.rows import Row, Seen
from tests.chat_servers.passing import Passing
from tests.chat_servers.synapse import Synapse, synapse, user
from tests.chat_servers.webhook import Answer
from tests.environments import Unavailable

BOB, CAROL, MALLORY, ROBOT = user("bob"), user("carol"), user("mallory"), user("robot")


class Homeserver(Passing):
    """A homeserver that misbehaves where something is said."""

    def plan(self, *answers: Answer | None) -> None:
        """What to do with the next messages, one each."""
        self.fail("PUT .*/send/", *(answer for answer in answers if answer))


class MatrixRow(Row):
    """A room of its own, which anybody may enter."""

    kind = "matrix"
    ways = ("reply", "reaction")
    vexations = ("stranger", "edited", "bot", "elsewhere", "talk")
    tells = True
    approver, second = BOB, CAROL
    lists = (user("ann"),)

    server: Homeserver

    def __init__(self, homeserver: Synapse, server: Homeserver) -> None:
        self.homeserver, self.server = homeserver, server
        self.token = homeserver.token("bot")
        self.room = homeserver.room(preset="public_chat")

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """The homeserver of this process."""
        try:
            homeserver = synapse()
        except Unavailable as reason:
            pytest.skip(str(reason))
        with Homeserver(homeserver.url) as server:
            yield cls(homeserver, server)

    def values(self) -> dict[str, Any]:
        """Its token and its room."""
        return {"kind": "matrix", "homeserver": self.server.origin, "token": self.token, "room": self.room}

    def seen(self) -> list[Seen]:
        """As a client shows the room, without threads."""
        shown: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
        events = self.homeserver.events(self.room)
        for event in (one for one in events if one["type"] == "m.room.message" and one["content"]):
            relation = event["content"].get("m.relates_to", {})
            of = relation.get("event_id", "")
            if relation.get("rel_type") == "m.replace":
                if of not in shown:  # it was removed
                    continue
                shown[of] = event["content"]["m.new_content"], shown[of][1]
            elif relation.get("rel_type") == "m.reference":
                shown[of][1].append(event["content"])
            elif relation.get("rel_type") != "m.thread":
                shown[event["event_id"]] = event["content"], []
        return [self._seen(content, files) for content, files in shown.values()]

    def revoke(self) -> None:
        """The bot is logged out."""
        self.homeserver.log_out(self.token)

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """By a client with threads."""
        name = person[1:].partition(":")[0]
        if way == "reply":
            self.say(name, text, thread=place(receipt)[1])
        else:
            self.react(name, place(receipt)[1], "✅" if text == "approve" else "❌")

    def vex(self, how: str, receipt: Receipt) -> None:
        """Each of them looks like a yes."""
        _, event = place(receipt)
        if how == "edited":
            self.edit("bob", self.say("bob", "let me see", thread=event), "approve")
        elif how == "elsewhere":
            self.say("bob", "approve")
            self.say("bob", "approve", thread=self.say("carol", "Lunch?"))
            self.react("bob", event, "👍")
        elif how == "bot":
            self.say("robot", "approve", thread=event, msgtype="m.notice")
        else:
            name, text = {"stranger": ("mallory", "approve"), "talk": ("bob", "yes, go ahead")}[how]
            self.say(name, text, thread=event)

    def told(self, person: str) -> list[str]:
        """In a thread, with a mention."""
        return [
            event["content"]["body"]
            for event in self.homeserver.events(self.room)
            if event["content"].get("m.mentions", {}).get("user_ids") == [person]
        ]

    def say(self, name: str, text: str, *, thread: str = "", reply_to: str = "", **more: Any) -> str:
        """Somebody writes a message; its id."""
        content: dict[str, Any] = {"msgtype": "m.text", "body": text, "m.mentions": {}, **more}
        answered = {"m.in_reply_to": {"event_id": reply_to or thread}}
        if thread:
            falling_back = {"is_falling_back": not reply_to, **answered}
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread, **falling_back}
        elif reply_to:
            content["m.relates_to"] = answered
        return self.homeserver.send(self.room, name, "m.room.message", content)

    def edit(self, name: str, event: str, text: str) -> str:
        """Somebody edits a message, perhaps of somebody else's; id of the edit."""
        said = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": event}
        content = {**said, "body": f"* {text}", "m.new_content": said, "m.relates_to": relation}
        return self.homeserver.send(self.room, name, "m.room.message", content)

    def react(self, name: str, event: str, key: str) -> None:
        """Somebody reacts; a second time the same way changes nothing."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": key}
        with suppress(AssertionError):  # M_DUPLICATE_ANNOTATION
            self.homeserver.send(self.room, name, "m.reaction", {"m.relates_to": relation})

    def redact(self, name: str, event: str) -> None:
        """Somebody takes a message back."""
        self.homeserver.call("PUT", "rooms", self.room, "redact", event, f"r{event}", by=name, body={})

    def _seen(self, content: dict[str, Any], files: list[dict[str, Any]]) -> Seen:
        texts = [self.homeserver.download(one["url"]) for one in files if one["msgtype"] == "m.file"]
        mentions = content["m.mentions"]
        return Seen(
            rendered(content),
            files=tuple(text.decode() for text in texts),
            images=len(files) - len(texts),
            pinged=(*mentions.get("user_ids", ()), *(["room"] if mentions.get("room") else [])),
        )


_TAGS = {"p", "br", "strong", "pre", "code", "ul", "li", "sub", "a"}
_TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "caption"}


class _Reader(HTMLParser):
    """What stands in HTML: lines where blocks end."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A line that ends here."""
        assert tag in _TAGS, f"{tag} is no markup of ours"
        self.text += "\n" if tag == "br" else ""

    def handle_endtag(self, tag: str) -> None:
        """A block that ends here."""
        self.text += "\n" if tag in {"p", "pre", "li"} else ""

    def handle_data(self, data: str) -> None:
        """Text."""
        self.text += data


def rendered(content: dict[str, Any]) -> str:
    """What a client shows of an event."""
    reader = _Reader()
    reader.feed(content.get("formatted_body") or content["body"])
    reader.close()
    return reader.text
