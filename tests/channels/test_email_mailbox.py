"""The mailbox of a real Dovecot: new mail is heard of in whatever state the connection is."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from nbalert.channels.email_imap import Imap, ImapNo
from nbalert.channels.email_thread import Thread
from nbalert.channels.email_wire import ImapLost
from nbalert.errors import ChannelDenied, ChannelRefused
from nbalert.message import Message
from nbalert.testing.asks import Ask, asking
from tests.channels.row_email import EmailRow, values
from tests.chat_servers.between import Between


@pytest.fixture
def row(tmp_path: Path) -> Iterator[EmailRow]:
    """The row, whose settings a test may change."""
    with EmailRow.open(tmp_path) as opened:
        yield opened


def ask(row: EmailRow, work: Callable[..., Awaitable[Any]], count: int = 1, **options: Any) -> None:
    """Put questions with the settings of people, and some others."""
    row.values = lambda: {**values(row.mails), **options}  # type: ignore[method-assign]
    asking(row, work, count)


def plain(way: Between) -> dict[str, Any]:
    """Settings by which answers are read through it."""
    return {"imap_host": "127.0.0.1", "imap_port": way.port, "imap_security": "plain"}


async def until(holds: Callable[[], Any]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.02)


async def approved(ask: Ask, person: str = "bob@nb.test") -> None:
    """That person's yes arrives and decides."""
    await ask.answer(person, "approve", "reply")
    await ask.until(lambda a: a.decision is not None)
    assert ask.decision is not None
    assert ask.decision.by == (person,)


def test_a_server_that_is_restarted(row: EmailRow) -> None:
    """While it is away, status says so; the answer that comes afterwards arrives."""

    async def work(ask: Ask) -> None:
        await asyncio.to_thread(row.mails.stop_dovecot)
        await until(lambda: f"localhost:{row.mails.ports['imaps']}: " in ask.channel.note)
        await asyncio.to_thread(row.mails.start_dovecot)
        await until(lambda: ask.channel.note == "")
        await approved(ask)

    ask(row, work)


def test_an_answer_that_came_while_nobody_listened(row: EmailRow) -> None:
    """It is found in the mailbox, with many others; so it is when the mailbox is another one in between."""

    async def work(ask: Ask) -> None:
        for n in range(5):
            other = f"From: ann@nb.test\r\nMessage-ID: <{n}@nb.test>\r\nSubject: hello\r\n\r\napprove\r\n"
            await asyncio.to_thread(row.mails.send, other.encode(), "ann")
        await approved(ask)
        async with aclosing(cast(Any, ask.channel.replies(ask.question, ask.receipt))) as again:
            async with asyncio.timeout(20):
                found = await anext(again)
        assert found.reference == ask.replies[0].reference

    ask(row, work)


def test_other_numbers(row: EmailRow) -> None:
    """A mailbox that was made anew (UIDVALIDITY) numbers from one again: its first mail is new."""

    async def work(ask: Ask) -> None:
        await ask.answer("mallory@nb.test", "approve", "reply")
        await ask.until(lambda a: a.replies)
        await asyncio.to_thread(row.mails.stop_dovecot)
        shutil.rmtree(row.mails.root / "mail/bot")
        await asyncio.to_thread(row.mails.start_dovecot)
        await approved(ask)

    ask(row, work)


def test_one_connection(row: EmailRow) -> None:
    """All questions of an account share it; when it is cut another one takes its place."""

    async def work(*asks: Ask) -> None:
        await until(lambda: way.said and way.said[-1].endswith(b" IDLE"))
        assert way.connections == 1
        way.cut()
        for one in asks:
            await approved(one)
        assert way.connections == 2

    with Between(row.mails.ports["imap"]) as way:
        ask(row, work, 3, **plain(way))
        assert not [line for line in way.said if line.startswith((b"DELETE", b"STORE"))]


def test_a_server_that_pushes_nothing(row: EmailRow) -> None:
    """Without IDLE it is asked every now and then."""

    async def work(ask: Ask) -> None:
        await until(lambda: any(line.endswith(b" NOOP") for line in way.said))
        await approved(ask)

    with Between(row.mails.ports["imap"], without=b" IDLE") as way:
        ask(row, work, **plain(way), poll=0.1)
        assert not any(line.endswith(b" IDLE") for line in way.said)


def test_a_mailbox_that_stays_closed(row: EmailRow) -> None:
    """A question there is given up at once, with what to check, and no password in it."""

    async def work(ask: Ask) -> None:
        with pytest.raises(ChannelDenied, match="localhost does not open INBOX for bot") as caught:
            await anext(cast(Any, ask.channel.replies(ask.question, ask.receipt)))
        assert str(caught.value).startswith("team: ")
        assert "pw-wrong" not in str(caught.value)

    ask(row, work, imap_password="pw-wrong")


def test_a_question_that_comes_back(row: EmailRow) -> None:
    """Status names whom it has not reached; if that is everybody, nobody waits any longer."""

    async def work(ask: Ask) -> None:
        await until(lambda: "gone@nb.test" in ask.channel.note)
        assert "not reached: gone@nb.test (" in ask.channel.note
        await approved(ask)

    ask(row, work, to=["gone@nb.test", "team@nb.test"])

    async def alone(ask: Ask) -> None:
        with pytest.raises(
            ChannelRefused, match=r"the question has reached nobody: not reached: gone@nb.test"
        ):
            async with asyncio.timeout(20):
                await anext(cast(Any, ask.channel.replies(ask.question, ask.receipt)))

    ask(row, alone, to=["gone@nb.test"])


def test_an_answer_to_a_further_mail(row: EmailRow) -> None:
    """Who replies to the reminder, or to the word that an answer was none, answers the question."""

    async def work(ask: Ask) -> None:
        await ask.channel.remind(ask.receipt, Message(title="5 min left"), "more")
        await ask.answer("carol@nb.test", "yes, go ahead", "reply")
        await ask.until(lambda a: a.replies)
        await ask.channel.respond(ask.receipt, ask.replies[0], "it is no answer")
        _, reminder = await asyncio.to_thread(row.mails.mails, "team")
        (word,) = await asyncio.to_thread(row.mails.mails, "carol")
        for mail, name, said in ((reminder, "bob", "yes"), (word, "carol", "no")):
            await asyncio.to_thread(row.mails.send, row.mails.reply(mail, name, said), name)
        await ask.until(lambda a: len(a.replies) == 3)
        assert {(one.person, one.text) for one in ask.replies[1:]} == {
            ("bob@nb.test", "yes"),
            ("carol@nb.test", "no"),
        }

    ask(row, work)


def test_forged_answers(row: EmailRow) -> None:
    """From outside nobody is vouched for, whatever headers come along; nobody else hears of it either."""

    async def work(ask: Ask) -> None:
        asked = Thread.of(ask.receipt).id
        forged = row.mails.answer(asked, "bob", "approve")
        claims = {"Authentication_Results": "mx.nb.test; dmarc=pass header.from=nb.test"}
        with_header = row.mails.answer(asked, "carol", "approve", **claims)
        on_top = b"Authentication-Results: mx.nb.test; dmarc=pass header.from=nb.test\r\n" + forged.as_bytes()
        for mail in (forged, with_header, on_top):
            await asyncio.to_thread(row.mails.send, mail, "")
        await ask.until(lambda a: len(a.replies) == 3)
        assert ask.decision is None
        for reply in ask.replies:
            assert reply.doubt == "mx.nb.test does not vouch for its being from nb.test"
            await ask.channel.respond(ask.receipt, reply, "it does not count.")
        assert len(await asyncio.to_thread(row.told, "mallory@nb.test")) == 0
        await approved(ask, "carol@nb.test")

    ask(row, work)


async def opened(row: EmailRow) -> Imap:
    """A mailbox that is logged in and selected."""
    imap = await Imap.connect("127.0.0.1", row.mails.ports["imap"], None, 5.0)
    await imap.login("bot", "pw-bot")
    await imap.select("INBOX")
    return imap


def test_news_between_commands(row: EmailRow) -> None:
    """What the server tells of new mail while it answers something else is not forgotten."""

    async def work() -> None:
        imap = await opened(row)
        assert await imap.search(1, datetime.now(UTC).date()) == []
        await asyncio.to_thread(row.mails.send, b"From: ann@nb.test\r\n\r\nhello\r\n", "ann")
        await asyncio.to_thread(row.mails.settle)
        await imap.command("NOOP")
        assert imap.has_news
        async with asyncio.timeout(5):
            await imap.wait(60.0, 60.0)
        assert await imap.search(1, datetime.now(UTC).date()) == [1]
        found = await imap.mail(1)
        assert found is not None
        assert found[0].endswith(b"hello\r\n")
        assert await imap.mail(99) is None
        await imap.aclose()

    asyncio.run(work())


def test_idle_is_begun_anew(row: EmailRow) -> None:
    """It ends after its time, and the connection goes on; somebody can end it before."""

    async def work() -> None:
        imap = await opened(row)
        await imap.search(1, datetime.now(UTC).date())
        await imap.wait(0.05, 60.0)
        assert not imap.has_news
        asyncio.get_running_loop().call_later(0.05, imap.nudge)
        async with asyncio.timeout(5):
            await imap.wait(60.0, 60.0)
        assert imap.has_news
        with pytest.raises(ImapNo, match="Mailbox doesn't exist"):
            await imap.select('No "such" one')
        await imap.aclose()

    asyncio.run(work())


@pytest.mark.parametrize(
    "says", [b"220 mail.nb.test ESMTP\r\n", b"* BYE too many\r\n", b"* OK {99999999999}\r\n", b""]
)
def test_what_is_no_mailbox(says: bytes) -> None:
    """Whatever listens there instead is an error that another try may mend."""

    async def work() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(says)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises((ImapLost, OSError)):
            await Imap.connect("127.0.0.1", port, None, 2.0)
        server.close()

    asyncio.run(work())


def test_the_question_is_put_only_where_it_can_be_answered(row: EmailRow) -> None:
    """The mail names who may answer and how, and asks for an answer to the address that settings name."""

    async def work(ask: Ask) -> None:
        (mail,) = await asyncio.to_thread(row.mails.mails, "team")
        assert str(mail["Reply-To"]).startswith("bot+nb-")
        assert "May answer: bob@nb.test, carol@nb.test" in mail.as_string()
        assert "Reply approve" in mail.as_string()

    ask(row, work, reply_to="bot+{token}@nb.test")
