"""What every channel of the table has to keep: what is posted; asks are in `test_contract_asks.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelUnreachable
from nbalert.message import Image, Level, Message, Receipt
from nbalert.question import Decision, Outcome
from tests.channels.all_rows import ROWS
from tests.channels.rows import Row
from tests.chat_servers.webhook import GARBAGE, HANG, LOST, RESET, Answer, status
from tests.inboxes import question

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(params=list(channels.KINDS))
def row(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Row]:
    """Every kind in the table: one without a row fails."""
    with ROWS[request.param].open(tmp_path) as opened:
        yield opened
        opened.check()


def use(row: Row, work: Callable[[Channel], Awaitable[Any]]) -> Any:
    """Do something with the row's channel, as the courier does."""

    async def with_channel() -> Any:
        channel = channels.build("team", {**row.values(), "timeout_s": 2.0})
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
        error="ValueError: no rows",
        traceback="Traceback …",
        result="42",
        output="epoch 1",
        images=(Image(PNG),),
        metadata={"loss": 0.5, "ok": True},
    )
    receipt = posted(row, message)
    (arrived,) = row.seen()
    for part in (
        "Trained",
        "a\nb",
        "ValueError: no rows",
        "Traceback …",
        "42",
        "epoch 1",
        "loss",
        "0.5",
        "ok",
    ):
        assert part in arrived.text
    assert arrived.images == int(row.takes_images)
    assert receipt.channel == "team"
    assert receipt.reference
    assert "secret" not in repr(receipt)


def test_a_key_is_one_message(row: Row) -> None:
    """The same post tried again is not a second message, where the service has keys."""
    for _ in range(3 if row.has_keys else 1):
        posted(row, Message(title="once"))
    posted(row, Message(title="again"), "another key")
    first, second = row.seen()
    assert "once" in first.text
    assert "again" in second.text


def test_order(row: Row) -> None:
    """As posted."""

    async def work(channel: Channel) -> None:
        for n in range(row.burst):
            await channel.post(Message(title=f"number {n}."), f"key{n}")

    use(row, work)
    shown = row.seen()
    assert len(shown) == row.burst
    assert all(f"number {n}." in one.text for n, one in enumerate(shown))


def test_update(row: Row) -> None:
    """A decision reaches the reader, in place or as a follow-up; it can come twice; the buttons go."""
    asked = question(approvers=(row.approver,)) if row.ways else None
    message = Message(title="Deploy?", question=asked)
    decision = Decision(question_id="q", outcome=Outcome.REJECTED, decided_at=datetime.now(UTC), by=("bob",))

    async def work(channel: Channel) -> None:
        receipt = await channel.post(message, "key")
        for _ in range(2):
            await channel.update(receipt, replace(message, decision=decision))

    use(row, work)
    shown = row.seen()
    if row.ways:
        assert "rejected by bob" in shown[-1].text
    assert [one.buttons for one in shown] == [()] * len(shown)
    assert len(shown) == (1 if row.edits else 2 if row.has_keys else 3)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "\x00\x07\x1b[31m\x7f\r\n\u202e\u2028\ufeff",
        "🚀👩‍👩‍👧‍👦" * 100,
        "<script>alert(1)</script> <!channel> @everyone <@&1> **b** `c` ```x``` [l](javascript:x) {{7*7}}",
        '"; DROP TABLE users; --\ud800',
        "",
    ],
    ids=["long", "control", "emoji", "markup", "sql", "empty"],
)
def test_hostile_text(text: str, row: Row) -> None:
    """It arrives as text and notifies nobody; what is cut is cut visibly, or goes along whole."""
    posted(row, Message(title=text[:200] or "-", text=text, metadata={text[:50] or "-": text[:1000]}))
    shown = row.seen()
    assert [one.pinged for one in shown] == [()] * len(shown)
    read = readable("".join(one.text for one in shown))
    files = [readable(file) for one in shown for file in one.files]
    assert readable(text[:200]) in read
    assert readable(text) in read or readable(text) in files or readable(text[:1000]) + "…" in read


def readable(text: str) -> str:
    """What is there whatever a service does to spaces and to what cannot be seen."""
    return "".join(c for c in text if c.isprintable() and not c.isspace())


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
        posted(row, Message(title="once"))
    assert type(caught.value) is kind
    assert str(caught.value).startswith("team: ")
    assert "secret" not in str(caught.value)
    posted(row, Message(title="once"))
    (arrived,) = row.seen()
    assert "once" in arrived.text


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
    """The service took it and the answer never came: with a key the next try is no second message."""
    row.server.plan(LOST)
    with pytest.raises(ChannelUnreachable):
        posted(row, Message(title="x"))
    posted(row, Message(title="x"))
    assert len(row.seen()) == (1 if row.has_keys else 2)


def test_a_malformed_answer(row: Row) -> None:
    """An answer of 200 that is something else is a receipt only where the answer means nothing."""
    row.server.plan(Answer(body=b"<html>Please log in</html>"))
    if row.takes_anything:
        posted(row, Message(title="x"))
    else:
        with pytest.raises(ChannelError):
            posted(row, Message(title="x"))


def test_a_revoked_token(row: Row) -> None:
    """No message would pass; the error says what to check."""
    posted(row, Message(title="before"))
    values = row.values()
    row.revoke()
    row.values = lambda: values  # type: ignore[method-assign]
    with pytest.raises(ChannelDenied, match="token"):
        posted(row, Message(title="after"), "key2")


def test_the_table(row: Row) -> None:
    """The class says its kind, has settings of its own, and answers only if it can bring them."""
    cls = channels.channel_class(row.kind)
    assert cls.kind == row.kind
    assert "kind" in cls.Settings.model_fields
    assert cls.can_reply is (cls.replies is not Channel.replies)
    assert cls.can_reply is bool(row.ways)
