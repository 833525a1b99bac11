"""The row of Telegram."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from nbalert.channels.telegram_answers import Place
from nbalert.message import Receipt
from tests.channels.rows import Row, Seen
from tests.chat_servers.telegram import BOB, CAROL, MALLORY, ROBOT, Telegram


class TelegramRow(Row):
    """A bot, which is an admin of the group: it is told of reactions. There are no keys."""

    kind = "telegram"
    has_keys = False
    burst = 5
    ways = ("button", "reply", "reaction")
    vexations = ("stranger", "edited", "bot", "elsewhere", "talk")
    tells = True
    approver, second = str(BOB), str(CAROL)
    lists = (str(CAROL),)

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.server = telegram.http

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """A Telegram of our own."""
        with Telegram() as telegram:
            telegram.world.members |= {123456: {"status": "administrator"}, CAROL: {"status": "creator"}}
            yield cls(telegram)

    def values(self) -> dict[str, Any]:
        """Its token and its chat."""
        return self.telegram.values

    def seen(self) -> list[Seen]:
        """As the client shows it: what replies to a message belongs to it, or is a word about an answer."""
        return [self._seen(m) for m in self.telegram.messages if "reply_to_message" not in m]

    def revoke(self) -> None:
        """By @BotFather."""
        self.telegram.world.revoke()

    def check(self) -> None:
        """Nothing broke a limit."""
        assert self.telegram.api.faults == []

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """By the client."""
        message, who = self._message(receipt), int(person)
        if way == "button":
            self.telegram.click(who, message, "Approve" if text == "approve" else "Reject")
        elif way == "reaction":
            self.telegram.world.react(who, message, "👍" if text == "approve" else "👎")
        else:
            self.telegram.say(who, text, message)

    def vex(self, how: str, receipt: Receipt) -> None:
        """Each of them looks like a yes."""
        message = self._message(receipt)
        if how == "edited":
            said = self.telegram.say(BOB, "let me see", message)
            self.telegram.world.edit(said, "approve")
        elif how == "elsewhere":
            other = self.telegram.world.add(123456, text="Lunch?")
            self.telegram.say(BOB, "approve", other)
            self.telegram.say(BOB, "approve")
            self.telegram.world.react(BOB, message, "❤")
            self.telegram.world.click(BOB, message, "nbalert:0123456789abcdef0123456789abcdef:0")
            self.telegram.world.click(BOB, message, "approve")
        else:
            person, text = {
                "stranger": (MALLORY, "approve"),
                "bot": (ROBOT, "approve"),
                "talk": (BOB, "yes, go ahead"),
            }[how]
            self.telegram.say(person, text, message)

    def told(self, person: str) -> list[str]:
        """In a window after a click, else in a reply."""
        with self.telegram.world.news:
            clicks = [c for c in self.telegram.world.clicks.values() if str(c["person"]) == person]
            toasts = [str(c["answer"]["text"]) for c in clicks if "answer" in c]
            pinged = self.telegram.world.pinged
            return toasts + [m["text"] for m in self.telegram.messages if person in pinged[m["message_id"]]]

    def _message(self, receipt: Receipt) -> dict[str, Any]:
        return self.telegram.world.messages[Place.of(receipt.reference).message]

    def _seen(self, message: dict[str, Any]) -> Seen:
        """With the files that reply to it."""
        id_ = message["message_id"]
        below = [m for m in self.telegram.messages if m.get("reply_to_message", {}).get("message_id") == id_]
        files = [self.telegram.world.files.get(m["message_id"]) for m in (message, *below)]
        found = [file for file in files if file]
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        return Seen(
            str(message.get("text") or message.get("caption") or ""),
            files=tuple(data.decode() for name, data in found if not name.endswith(".png")),
            images=sum(name.endswith(".png") for name, _ in found),
            pinged=tuple(self.telegram.world.pinged[id_]),
            buttons=tuple(button["text"] for row in rows for button in row),
        )
