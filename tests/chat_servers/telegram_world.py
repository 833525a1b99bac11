"""What a Telegram keeps: messages, people, clicks, and the updates that its bot has not confirmed."""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any

ANN, BOB, CAROL, MALLORY, ROBOT = 1001, 1002, 1003, 1666, 1999
ANONYMOUS = 1087968824
"""In whose name an anonymous admin writes (Source: User, GroupAnonymousBot)."""
GROUP = -1001234567890
NAMES = {ANN: "Ann", BOB: "Bob", CAROL: "Carol", MALLORY: "Mallory", ROBOT: "Robot", ANONYMOUS: "Group"}


class World:
    """Everything, under one condition that tells of news."""

    def __init__(self) -> None:
        self.token = "123456:secret-token"
        self.bot = {"id": 123456, "is_bot": True, "first_name": "nbalert", "username": "nbalert_bot"}
        self.chat: dict[str, Any] = {"id": GROUP, "type": "supergroup", "title": "Team"}
        self.members: dict[int, dict[str, Any]] = {self.bot["id"]: {"status": "member"}}  # type: ignore[dict-item]
        self.webhook = ""
        self.moved_to = 0
        self.messages: dict[int, dict[str, Any]] = {}
        self.files: dict[int, tuple[str, bytes]] = {}
        self.pinged: dict[int, list[str]] = {}
        self.clicks: dict[str, dict[str, Any]] = {}
        self.updates: list[dict[str, Any]] = []
        self.allowed: list[str] = []
        self.news = threading.Condition(threading.RLock())
        self.is_closed = False
        self._ids = itertools.count(100)
        self._update_ids = itertools.count(7_000_000)
        self._click_ids = itertools.count(1)

    def close(self) -> None:
        """Nobody waits any more."""
        with self.news:
            self.is_closed = True
            self.news.notify_all()

    def revoke(self) -> None:
        """The token is another one from now on."""
        with self.news:
            self.token = "123456:another-secret"
            self.news.notify_all()

    def number_from(self, id_: int) -> None:
        """Updates are numbered from here."""
        with self.news:
            self._update_ids = itertools.count(id_)

    def user(self, person: int) -> dict[str, Any]:
        """As the service shows somebody."""
        if person == self.bot["id"]:
            return self.bot
        return {"id": person, "is_bot": person in (ROBOT, ANONYMOUS), "first_name": NAMES[person]}

    def add(self, person: int, **fields: Any) -> dict[str, Any]:
        """A new message in the group."""
        with self.news:
            id_ = next(self._ids)
            base = {"message_id": id_, "date": int(time.time()), "chat": self.chat, "from": self.user(person)}
            self.messages[id_] = {**base, **fields}
            return self.messages[id_]

    def emit(self, kind: str, data: dict[str, Any]) -> None:
        """Something has happened that the bot may be told of."""
        with self.news:
            is_admin = self.members[int(str(self.bot["id"]))]["status"] in ("administrator", "creator")
            if kind == "message_reaction" and not is_admin:
                return
            self.updates.append({"update_id": next(self._update_ids), kind: data})
            self.news.notify_all()

    def say(
        self, person: int, text: str, reply_to: dict[str, Any] | None = None, **fields: Any
    ) -> dict[str, Any]:
        """Somebody writes; in privacy mode the bot is told of replies to it alone."""
        replied = {"reply_to_message": bare(reply_to)} if reply_to else {}
        said = self.add(person, text=text, **replied, **fields)
        if reply_to and reply_to["from"]["id"] == self.bot["id"]:
            self.emit("message", said)
        return said

    def edit(self, message: dict[str, Any], text: str) -> None:
        """Its author changes it."""
        with self.news:
            self.messages[message["message_id"]] |= {"text": text, "edit_date": int(time.time())}
            self.emit("edited_message", dict(self.messages[message["message_id"]]))

    def react(
        self, person: int, message: dict[str, Any], *signs: str, actor: dict[str, Any] | None = None
    ) -> None:
        """Somebody's reactions to a message are these now."""
        new = [{"type": "emoji", "emoji": sign} for sign in signs]
        who = {"actor_chat": actor} if actor else {"user": self.user(person)}
        place = {"chat": self.chat, "message_id": message["message_id"], "date": int(time.time())}
        self.emit("message_reaction", {**place, **who, "old_reaction": [], "new_reaction": new})

    def click(self, person: int, message: dict[str, Any], data: str) -> str:
        """Somebody presses a button; a client may send any data."""
        with self.news:
            id_ = str(next(self._click_ids))
            self.clicks[id_] = {"person": person}
            query = {"id": id_, "from": self.user(person), "message": message, "data": data}
            self.emit("callback_query", {**query, "chat_instance": "1"})
            return id_


def bare(message: dict[str, Any]) -> dict[str, Any]:
    """A message that another one replies to has no such message itself."""
    return {name: value for name, value in message.items() if name != "reply_to_message"}
