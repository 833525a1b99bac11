from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from nbalert import channels
from nbalert.channels.inbox import InboxChannel
from nbalert.channels.inbox_settings import InboxSettings
from nbalert.errors import ChannelRefused, ChannelUnreachable
from nbalert.inbox import People
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Question
from tests.inboxes import Inbox, QuickServer, question, reply
from tests.test_inbox_handlers import decided, listed, some_message


def run(inbox: Inbox, work: Callable[[InboxChannel], Awaitable[object]], **values: Any) -> None:
    """Do something with a channel to an inbox, as the courier does: on a loop of its own."""

    async def with_channel() -> None:
        channel = channel_to(inbox, **values)
        try:
            await work(channel)
        finally:
            await channel.aclose()

    asyncio.run(with_channel())


def channel_to(inbox: Inbox, **values: Any) -> InboxChannel:
    """A channel as the courier builds it."""
    given = {"kind": "inbox", "url": inbox.url, "token": inbox.server.sender_token("courier")}
    return cast(InboxChannel, channels.build("inbox", {**given, **values}))


async def asked(channel: InboxChannel, text: str = "Drop table users?") -> tuple[Question, Receipt]:
    """Put a question."""
    one = question(text)
    return one, await channel.post(Message(title=text, question=one), one.id)


def answers(channel: InboxChannel, one: tuple[Question, Receipt]) -> AsyncIterator[Reply]:
    """The answers to a question that was put."""
    return channel.replies(*one)


async def take(replies: AsyncIterator[Reply], count: int) -> list[str]:
    """The texts of the next answers."""
    async with asyncio.timeout(20):
        return [(await anext(replies)).text for _ in range(count)]


def test_post(tmp_path: Path) -> None:
    """A receipt names the message, links to it without a secret, and is the same for every try."""
    with Inbox(tmp_path) as inbox:

        async def work(channel: InboxChannel) -> None:
            first, again = [await channel.post(some_message(), "key") for _ in range(2)]
            assert (first.channel, first.reference) == ("inbox", again.reference)
            assert first.link == f"{inbox.url}/#m={first.reference}"

        run(inbox, work)
        assert len(listed(inbox.person("bob"))["messages"]) == 1


def test_update_is_in_place(tmp_path: Path) -> None:
    """An update replaces the message; with a decision nobody can answer any more."""
    with Inbox(tmp_path) as inbox:

        async def work(channel: InboxChannel) -> None:
            message = some_message(question=question())
            receipt = await channel.post(message, "key")
            await channel.update(receipt, replace(decided(message), title="Done"))

        run(inbox, work)
        bob = inbox.person("bob")
        (found,) = listed(bob)["messages"]
        assert found["message"]["title"] == "Done"
        assert reply(bob, found["id"]).status_code == 409


def test_earlier_answers_come_first(tmp_path: Path) -> None:
    """Answers given before anybody listened come first, then those that are pushed; each once, in order."""
    with Inbox(tmp_path) as inbox:

        async def work(channel: InboxChannel) -> None:
            one = await asked(channel)
            bob = inbox.person("bob")
            for n in range(3):
                reply(bob, one[1].reference, f"no: {n}")
            async with aclosing(cast(Any, answers(channel, one))) as replies:
                assert await take(replies, 3) == ["no: 0", "no: 1", "no: 2"]
                await asyncio.to_thread(reply, bob, one[1].reference, "no: 3")
                assert await take(replies, 1) == ["no: 3"]

        run(inbox, work)


def test_none_lost_none_doubled_at_the_seam(tmp_path: Path) -> None:
    """Answers that arrive while the listening begins are brought exactly once and in order."""
    with Inbox(tmp_path) as inbox:
        bob = inbox.person("bob")

        async def work(channel: InboxChannel) -> None:
            for turn in range(20):
                one = await asked(channel, f"question {turn}")

                def burst(id_: str = one[1].reference) -> None:
                    for n in range(10):
                        reply(bob, id_, f"no: {n}")

                posting = asyncio.create_task(asyncio.to_thread(burst))
                await asyncio.sleep(0.002 * turn)
                async with aclosing(cast(Any, answers(channel, one))) as replies:
                    assert await take(replies, 10) == [f"no: {n}" for n in range(10)]
                    await posting
                    with pytest.raises(TimeoutError):
                        await asyncio.wait_for(anext(replies), 0.01)

        run(inbox, work)


def test_thousand_questions_share_a_connection(tmp_path: Path) -> None:
    """However many questions are open, one connection waits for all; it goes when the last one does."""
    with Inbox(tmp_path) as inbox:
        bob = inbox.person("bob")

        async def work(channel: InboxChannel) -> None:
            questions = [await asked(channel, f"question {n}") for n in range(1000)]
            waiting = [answers(channel, one) for one in questions]
            firsts = [asyncio.create_task(take(replies, 1)) for replies in waiting]
            await asyncio.to_thread(inbox.wait_for_streams, 1)
            await asyncio.to_thread(
                lambda: [reply(bob, receipt.reference, f"no: {one.text}") for one, receipt in questions]
            )
            assert await asyncio.gather(*firsts) == [[f"no: {one.text}"] for one, _ in questions]
            for replies in waiting:
                await cast(Any, replies).aclose()
            await asyncio.to_thread(inbox.wait_for_streams, 0)

        run(inbox, work, timeout_s=30)


def test_restart_is_survived(tmp_path: Path) -> None:
    """Answers given across restarts of the server arrive, none lost and none doubled."""
    with Inbox(tmp_path) as inbox:

        async def work(channel: InboxChannel) -> None:
            one = await asked(channel)
            bob = inbox.person("bob")
            async with aclosing(cast(Any, answers(channel, one))) as replies:
                for n in range(3):
                    await asyncio.to_thread(reply, bob, one[1].reference, f"no: {n}")
                    assert await take(replies, 1) == [f"no: {n}"]
                    await asyncio.to_thread(inbox.stop)
                    await asyncio.sleep(0.3 * n)
                    await asyncio.to_thread(inbox.start)
                    bob.close()
                    bob = inbox.person("bob")

        run(inbox, work)


def test_listening_can_begin_while_the_server_is_away(tmp_path: Path) -> None:
    """Who begins to listen before the server is there waits for it, and gets what was answered."""
    with Inbox(tmp_path) as inbox:

        async def work(channel: InboxChannel) -> None:
            one = await asked(channel)
            await asyncio.to_thread(reply, inbox.person("bob"), one[1].reference, "yes")
            await asyncio.to_thread(inbox.stop)
            async with aclosing(cast(Any, answers(channel, one))) as replies:
                first = asyncio.create_task(take(replies, 1))
                await asyncio.sleep(0.2)
                await asyncio.to_thread(inbox.start)
                assert await first == ["yes"]

        run(inbox, work)


def test_answer_comes_at_once(tmp_path: Path) -> None:
    """An answer is pushed: it arrives within milliseconds, not with a poll."""
    with Inbox(tmp_path) as inbox:
        bob = inbox.person("bob")

        async def work(channel: InboxChannel) -> None:
            one = await asked(channel)
            late: list[float] = []
            async with aclosing(cast(Any, answers(channel, one))) as replies:
                for _ in range(20):
                    sending = asyncio.create_task(asyncio.to_thread(reply, bob, one[1].reference, "no"))
                    got = await anext(replies)
                    late.append(time.time() - got.at.timestamp())
                    await sending
            assert sorted(late)[10] < 0.05  # about 1.5 ms; tests/benchmarks measures it

        run(inbox, work)


def test_revoked_token_ends_the_waiting(tmp_path: Path) -> None:
    """A token that was revoked is a refusal: posting, updating and listening say what to check."""
    with Inbox(tmp_path, QuickServer) as inbox:

        async def work(channel: InboxChannel) -> None:
            one = await asked(channel)
            waiting = asyncio.create_task(take(answers(channel, one), 1))
            await asyncio.sleep(0.1)
            people = People(inbox.database)
            people.revoke("courier")
            people.close()
            for attempt in (
                waiting,
                channel.post(some_message(), "k"),
                channel.update(one[1], some_message()),
            ):
                with pytest.raises(ChannelRefused, match="check the token"):
                    await attempt
            with pytest.raises(ChannelRefused, match="check the token"):
                await take(answers(channel, one), 1)

        run(inbox, work)


@pytest.mark.parametrize("values", [{"token": None}, {"token": "made.up"}])
def test_without_a_token(tmp_path: Path, values: dict[str, Any]) -> None:
    """Without a good token nothing is posted, and the error does not show it."""
    with Inbox(tmp_path) as inbox:

        async def work(channel: InboxChannel) -> None:
            with pytest.raises(ChannelRefused) as refused:
                await channel.post(some_message(), "k")
            assert "made.up" not in str(refused.value)

        run(inbox, work, **values)


def test_nobody_there(tmp_path: Path) -> None:
    """While the server is away, posting is worth another try."""
    with Inbox(tmp_path) as inbox:

        async def work(channel: InboxChannel) -> None:
            await asyncio.to_thread(inbox.stop)
            with pytest.raises(ChannelUnreachable, match=r"127\.0\.0\.1: cannot connect"):
                await channel.post(some_message(), "k")
            await asyncio.to_thread(inbox.start)
            assert (await channel.post(some_message(), "k")).reference

        run(inbox, work)


def test_something_else_there(tmp_path: Path) -> None:
    """An address that is no inbox, or not just now, is tried again, and the error says it."""

    async def work() -> None:
        async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            writer.close()

        async with await asyncio.start_server(hello, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            channel = InboxChannel("team", InboxSettings(kind="inbox", url=f"http://127.0.0.1:{port}"))
            with pytest.raises(ChannelUnreachable, match="has not answered as an inbox does; check the url"):
                await channel.post(some_message(), "k")
            await channel.aclose()

    asyncio.run(work())


def test_environment_proxy_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An inbox on this machine is reached directly, whatever proxy the environment names."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Inbox(tmp_path) as inbox:
        run(inbox, lambda channel: channel.post(some_message(), "k"))


def test_respond_and_remind(tmp_path: Path) -> None:
    """A private line and a reminder reach the page of the one who is meant; a second try changes nothing."""
    with Inbox(tmp_path) as inbox:
        bob, carol = inbox.person("bob"), inbox.person("carol")

        async def work(channel: InboxChannel) -> None:
            one, receipt = await asked(channel)
            async with aclosing(cast(Any, channel.replies(one, receipt))) as replies:
                await asyncio.to_thread(reply, bob, receipt.reference, "no")
                given = await anext(replies)
            assert given.link == receipt.link
            for _ in range(2):
                await channel.respond(receipt, given, "the question had ended")
                await channel.remind(receipt, Message(title="5 min left", mention=("carol",)), "key")

        run(inbox, work)
        (seen_by_bob,), (seen_by_carol,) = listed(bob)["messages"], listed(carol)["messages"]
        assert [notice["text"] for notice in seen_by_bob["notices"]] == ["the question had ended"]
        assert seen_by_carol["notices"] == []
        for seen, is_mine in ((seen_by_bob, False), (seen_by_carol, True)):
            assert [(one["title"], one["is_mine"]) for one in seen["reminders"]] == [("5 min left", is_mine)]


def test_problems(tmp_path: Path) -> None:
    """A wrong token and approvers who were never invited are named, with the remedy."""
    with Inbox(tmp_path) as inbox:
        inbox.person("bob")
        found: list[list[str]] = []

        async def work(channel: InboxChannel) -> None:
            found.append(await channel.problems())

        run(inbox, work, approvers=["bob", "anyone", "group:dba"])
        run(inbox, work, approvers=["bob", "dora"])
        run(inbox, work, token="made.up")
        assert found[0] == []
        assert found[1] == [
            "inbox: nobody was ever invited by the name dora; there: nbalert inbox invite dora"
        ]
        assert "nbalert inbox sender NAME" in found[2][0]
        assert "made.up" not in found[2][0]
        inbox.stop()
        with pytest.raises(ChannelUnreachable):
            run(inbox, work)
        inbox.start()
