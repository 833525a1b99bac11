"""The row of the inbox, which takes a message as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import httpx

from nbalert.message import Message, Receipt
from tests.channels.rows import Row, Seen, seen_of
from tests.chat_servers.webhook import Answer, Request, Webhook
from tests.inboxes import Inbox, reply


class InboxRow(Row):
    """A real inbox, behind a server that passes on what it does not spoil."""

    kind = "inbox"
    ways = ("button",)
    vexations = ("stranger", "elsewhere")

    def __init__(self, server: Webhook, inbox: Inbox) -> None:
        self.server, self._inbox = server, inbox
        self._token = inbox.server.sender_token("courier")
        self._people: dict[str, httpx.Client] = {}

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """Served on a port of its own."""
        with Inbox(folder) as inbox, Webhook(_forward(inbox)) as server:
            yield cls(server, inbox)

    def values(self) -> dict[str, Any]:
        """A team's inbox. Answers are pushed by a stream, which the server in between cannot pass on."""
        return {"kind": "inbox", "url": self.server.url.removesuffix("/secret-path"), "token": self._token}

    def listening(self) -> dict[str, Any]:
        """The inbox itself."""
        return {**self.values(), "url": self._inbox.url}

    def seen(self) -> list[Seen]:
        """As the page shows it."""
        listed = self._person("bob").get("/api/messages?limit=100").raise_for_status().json()["messages"]
        return [_seen(view["message"]) for view in listed]

    def revoke(self) -> None:
        """By its name."""
        with self._inbox.server._people() as people:
            people.revoke("courier")

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """By the page."""
        reply(self._person(person), receipt.reference, text)

    def vex(self, how: str, receipt: Receipt) -> None:
        """The page refuses it."""
        person, place = ("mallory", receipt.reference) if how == "stranger" else ("bob", "no-such-message")
        assert reply(self._person(person), place).is_error

    def _person(self, name: str) -> httpx.Client:
        if name not in self._people:
            self._people[name] = self._inbox.person(name)
        return self._people[name]


def _seen(message: dict[str, Any]) -> Seen:
    """The page gets figures by their addresses."""
    plain = seen_of(Message.from_json({**message, "images": []}))
    return replace(plain, images=len(message["images"]))


def _forward(inbox: Inbox) -> Callable[[Request], Answer]:
    def forward(request: Request) -> Answer:
        headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}
        answer = httpx.request(
            request.method, inbox.url + request.path, headers=headers, content=request.body, trust_env=False
        )
        return Answer(answer.status_code, body=answer.content)

    return forward
