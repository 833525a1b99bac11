"""What every channel of the table has to keep, shown on each of them against a server that is real."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelUnreachable
from nbalert.message import Image, Level, Message, Receipt
from nbalert.question import Decision, Outcome
from tests.chat_servers.webhook import GARBAGE, HANG, LOST, RESET, Answer, Request, Webhook, status
from tests.inboxes import Inbox, question


class Row(ABC):
    """A channel's place in the suite."""

    server: Webhook
    """What the channel connects to, and what misbehaves."""

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """The channel's settings."""

    @abstractmethod
    def arrived(self) -> list[Message]:
        """What a reader sees, oldest first."""

    @abstractmethod
    def revoke(self) -> None:
        """The token is good no longer."""


class WebhookRow(Row):
    """A webhook keeps no messages: a reader drops what comes again under a key."""

    def __init__(self, server: Webhook) -> None:
        self.server = server

    def values(self) -> dict[str, Any]:
        """Its URL is all."""
        return {"kind": "webhook", "url": self.server.url}

    def arrived(self) -> list[Message]:
        """The first of each key."""
        seen: dict[str, Message] = {}
        for request in self.server.accepted:
            seen.setdefault(request.key, Message.from_json(request.message))
        return list(seen.values())

    def revoke(self) -> None:
        """As a service would say it."""
        self.server.always(status(401))


class InboxRow(Row):
    """A real inbox, behind a server that passes on what it does not spoil."""

    def __init__(self, server: Webhook, inbox: Inbox) -> None:
        self.server, self._inbox = server, inbox
        self._token = inbox.server.sender_token("courier")

    def values(self) -> dict[str, Any]:
        """A team's inbox."""
        return {"kind": "inbox", "url": self.server.url.removesuffix("/secret-path"), "token": self._token}

    def arrived(self) -> list[Message]:
        """As the page shows it."""
        listed = self._inbox.person("bob").get("/api/messages").raise_for_status().json()["messages"]
        return [Message.from_json({**view["message"], "images": []}) for view in listed]

    def revoke(self) -> None:
        """By its name."""
        with self._inbox.server._people() as people:
            people.revoke("courier")


def _forward(inbox: Inbox) -> Callable[[Request], Answer]:
    def forward(request: Request) -> Answer:
        headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}
        answer = httpx.request(
            request.method, inbox.url + request.path, headers=headers, content=request.body, trust_env=False
        )
        return Answer(answer.status_code, body=answer.content)

    return forward


@pytest.fixture(params=list(channels.KINDS))
def row(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Row]:
    """Every kind in the table: one without a row here fails."""
    if request.param == "inbox":
        with Inbox(tmp_path) as inbox, Webhook(_forward(inbox)) as server:
            yield InboxRow(server, inbox)
    else:
        with Webhook() as server:
            yield {"webhook": WebhookRow}[request.param](server)


def use(row: Row, work: Callable[[Channel], Awaitable[Any]]) -> Any:
    """Do something with the row's channel, as the courier does."""

    async def with_channel() -> Any:
        channel = channels.build("team", {**row.values(), "timeout_s": 3.0})
        try:
            return await work(channel)
        finally:
            await channel.aclose()

    return asyncio.run(with_channel())


def posted(row: Row, message: Message, key: str = "key") -> Receipt:
    """Post it."""
    receipt = use(row, lambda channel: channel.post(message, key))
    assert isinstance(receipt, Receipt)
    return receipt


def test_post(row: Row) -> None:
    """It arrives whole; the receipt names channel and message, and holds no secret."""
    message = Message(
        title="Trained",
        text="a\nb",
        level=Level.CRITICAL,
        traceback="Traceback …",
        images=(Image(b"\x89PNG\r\n\x1a\n"),),
        metadata={"loss": 0.5, "ok": True},
    )
    receipt = posted(row, message)
    (arrived,) = row.arrived()
    for part in ("title", "text", "level", "traceback", "metadata"):
        assert getattr(arrived, part) == getattr(message, part)
    assert receipt.channel == "team"
    assert receipt.reference
    assert "secret" not in repr(receipt)


def test_a_key_is_one_message(row: Row) -> None:
    """The same post tried again is not a second message."""
    for _ in range(3):
        posted(row, Message(title="once"))
    posted(row, Message(title="again"), "another key")
    assert [message.title for message in row.arrived()] == ["once", "again"]


def test_order(row: Row) -> None:
    """As posted."""

    async def work(channel: Channel) -> None:
        for n in range(30):
            await channel.post(Message(title=str(n)), f"key{n}")

    use(row, work)
    assert [message.title for message in row.arrived()] == [str(n) for n in range(30)]


def test_update(row: Row) -> None:
    """A decision reaches the reader, in place or as a follow-up; it can come twice."""
    message = Message(title="Deploy?", question=question() if row.values()["kind"] == "inbox" else None)
    decision = Decision(question_id="q", outcome=Outcome.REJECTED, decided_at=datetime.now(UTC), by=("bob",))

    async def work(channel: Channel) -> None:
        receipt = await channel.post(message, "key")
        for _ in range(2):
            await channel.update(receipt, replace(message, decision=decision))

    use(row, work)
    shown = [arrived.decision for arrived in row.arrived() if arrived.decision is not None]
    assert shown == [decision]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "\x00\x07\x1b[31m\x7f\r\n\u202e\u2028\ufeff",
        "🚀👩‍👩‍👧‍👦" * 100,
        "<script>alert(1)</script> <!channel> @everyone **b** `c` [l](javascript:x) {{7*7}}",
        '"; DROP TABLE users; --',
        "",
    ],
    ids=["long", "control", "emoji", "markup", "sql", "empty"],
)
def test_hostile_text(text: str, row: Row) -> None:
    """It arrives as text, and what is cut is cut at its end."""
    posted(row, Message(title=text[:200] or "-", text=text, metadata={text[:50] or "-": text[:1000]}))
    (arrived,) = row.arrived()
    assert arrived.title == (text[:200] or "-")
    assert arrived.text == text or (arrived.text and text.startswith(arrived.text[:1000]))


TROUBLE: list[tuple[str, Answer, type[ChannelError]]] = [
    ("429", status(429), ChannelBusy),
    ("429 seconds", status(429, Retry_After="7"), ChannelBusy),
    ("500", status(500), ChannelUnreachable),
    ("reset", RESET, ChannelUnreachable),
    ("hang", HANG, ChannelUnreachable),
    ("garbage", GARBAGE, ChannelUnreachable),
    ("403", status(403), ChannelDenied),
]


@pytest.mark.parametrize(("answer", "kind"), [t[1:] for t in TROUBLE], ids=[t[0] for t in TROUBLE])
def test_trouble(answer: Answer, kind: type[ChannelError], row: Row) -> None:
    """Each is an error of the tree that says whether to try again; then the same key goes through."""
    row.server.plan(answer)
    with pytest.raises(ChannelError) as caught:
        posted(row, Message(title="x"))
    assert type(caught.value) is kind
    assert str(caught.value).startswith("team: ")
    assert "secret" not in str(caught.value)
    posted(row, Message(title="x"))
    assert [message.title for message in row.arrived()] == ["x"]


def test_retry_after(row: Row) -> None:
    """In seconds and as a date, it comes with the error."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    for wish, least_s in (("7", 7), (date, 90)):
        row.server.plan(status(429, Retry_After=wish))
        with pytest.raises(ChannelBusy) as caught:
            posted(row, Message(title="x"))
        assert caught.value.retry_after_s is not None
        assert least_s <= caught.value.retry_after_s <= 100


def test_an_answer_that_was_lost(row: Row) -> None:
    """The service took it and the answer never came: the next try is no second message."""
    row.server.plan(LOST)
    with pytest.raises(ChannelUnreachable):
        posted(row, Message(title="x"))
    posted(row, Message(title="x"))
    assert len(row.arrived()) == 1


def test_a_malformed_answer(row: Row) -> None:
    """An answer of 200 that is something else is a receipt only where the answer means nothing."""
    row.server.plan(Answer(body=b"<html>Please log in</html>"))
    if row.values()["kind"] == "webhook":
        posted(row, Message(title="x"))
    else:
        with pytest.raises(ChannelError):
            posted(row, Message(title="x"))


def test_a_revoked_token(row: Row) -> None:
    """No message would pass; the error says what to check."""
    posted(row, Message(title="before"))
    row.revoke()
    with pytest.raises(ChannelDenied, match="token"):
        posted(row, Message(title="after"), "key2")


def test_the_table(row: Row) -> None:
    """The class says its kind, has settings of its own, and answers only if it can bring them."""
    cls = channels.channel_class(row.values()["kind"])
    assert cls.kind == row.values()["kind"]
    assert "kind" in cls.Settings.model_fields
    assert cls.can_reply is (cls.replies is not Channel.replies)
