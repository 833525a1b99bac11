"""The row of webhooks: a service that checks signatures, and has answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from nbalert.message import Message, Receipt
from tests.channels.rows import Row, Seen, seen_of
from tests.chat_servers.signed_hook import SignedHook


class WebhookRow(Row):
    """The other side drops what comes again under an id, and shows a question and its decision as one."""

    kind = "webhook"
    takes_anything = True
    ways = ("button", "reply")
    vexations = ("stranger", "edited", "bot", "elsewhere", "talk")
    tells = True

    def __init__(self, hook: SignedHook) -> None:
        self.hook = hook
        self.server = hook.http

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """A service of our own."""
        with SignedHook() as hook:
            yield cls(hook)

    def values(self) -> dict[str, Any]:
        """Its addresses and its secret."""
        return {"kind": self.kind, **self.hook.values}

    def seen(self) -> list[Seen]:
        """The newest of each question, in the place of the first."""
        shown: dict[str, Message] = {}
        for n, body in enumerate(self.hook.said):
            message = Message.from_json(body["data"])
            shown[message.question.id if message.question else str(n)] = message
        return [seen_of(message) for message in shown.values()]

    def revoke(self) -> None:
        """Its secret is known no longer."""
        self.hook.is_revoked = True

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """By whatever the service has."""
        self.hook.say(self._question(receipt), person, text, way=way, name=person.title())

    def vex(self, how: str, receipt: Receipt) -> None:
        """Each of them looks like a yes."""
        question = self._question(receipt)
        if how == "stranger":
            self.hook.say(question, "mallory", "approve")
        elif how == "edited":
            self.hook.say(question, "bob", "approve", is_edited=True)
        elif how == "bot":
            self.hook.say(question, "bob", "approve", is_bot=True)
        elif how == "talk":
            self.hook.say(question, "bob", "yes, go ahead")
        else:
            self.hook.say("another", "bob", "approve")

    def told(self, person: str) -> list[str]:
        """Notices are for one person."""
        return [notice["text"] for notice in self.hook.notices if notice["person"] == person]

    def _question(self, receipt: Receipt) -> str:
        asked = {
            request.key: request.message["question"]["id"]
            for request in self.server.accepted
            if request.method == "POST" and request.message.get("question")
        }
        return str(asked[receipt.reference])
