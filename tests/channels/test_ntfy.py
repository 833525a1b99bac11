"""What ntfy does beside the contract: who answers, files, limits, older servers, rights, one stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.channels.ntfy_answers import answer_topic
from nbalert.channels.ntfy_message import render
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelRefused, SettingsError
from nbalert.fields import Origin
from nbalert.message import Image, Level, Message, Source
from nbalert.question import Decision, Outcome
from nbalert.settings import ChannelTable
from tests.channels.asks import Ask, asking
from tests.channels.row_ntfy import NtfyRow
from tests.channels.using import with_channel
from tests.chat_servers.ntfy import Ntfy
from tests.chat_servers.webhook import RESET, status
from tests.inboxes import question


class Anyone(NtfyRow):
    """Who answers does not matter."""

    def values(self) -> dict[str, Any]:
        """One topic for all."""
        return {**super().values(), "topics": {}, "approvers": ["anyone"]}


@pytest.fixture
def ntfy() -> Iterator[Ntfy]:
    """A server of our own."""
    with Ntfy() as server:
        yield server
        assert server.faults == []


def use(ntfy: Ntfy, work: Callable[[Channel], Awaitable[Any]], **values: Any) -> Any:
    """Do something with a channel."""
    return with_channel({**ntfy.values, "timeout_s": 5.0, **values}, work)


def ask(code: str = "db.drop()", **options: Any) -> Message:
    """A question of ann's."""
    one = question(code=code, **{"asker": "ann", **options})
    return Message(title=one.text, question=one)


def checked(**values: Any) -> None:
    """Settings as a file has them."""
    given = {"kind": "ntfy", "topic": "team-secret", **values}
    channels.check(ChannelTable("phone", given, Origin("nbalert.toml", cast(Any, None), {})))


def test_who_may_answer_has_a_topic_or_does_not_matter() -> None:
    """ntfy knows no users: an approver without a private topic is a mistake, unless anyone may."""
    checked()
    checked(approvers=("anyone",))
    checked(approvers=("bob", "group:dba"), topics={"bob": "bob-secret"})
    with pytest.raises(SettingsError, match=r"topics.carol is missing"):
        checked(approvers=("bob", "carol"), topics={"bob": "bob-secret"})
    with pytest.raises(SettingsError, match="is no topic") as caught:
        checked(topic="to pic-secret")
    assert "secret" not in str(caught.value)


def test_members_of_groups_and_numbers_are_refused_where_nobody_can_be_told_apart(ntfy: Ntfy) -> None:
    """No question without a topic for each, or two voices of people that are one to us."""

    async def work(channel: Channel) -> None:
        with pytest.raises(ChannelRefused, match="give dan a private topic"):
            await channel.post(ask(approvers=("bob", "dan")), "1")
        with pytest.raises(ChannelRefused, match="so 2 cannot be counted"):
            await channel.post(ask(approvers=("anyone",), need=2), "2")

    use(ntfy, work)
    assert ntfy.messages == []


def test_each_is_asked_on_their_own_topic(ntfy: Ntfy) -> None:
    """With an answer topic of their own, which nobody guesses; nothing of it stands on the team's topic."""
    use(ntfy, lambda channel: channel.post(ask(), "key"))
    assert [m["topic"] for m in ntfy.messages] == ["bob-secret", "carol-secret"]
    urls = [{action["url"] for action in m["actions"]} for m in ntfy.messages]
    assert urls == [
        {f"{ntfy.url}/{answer_topic(f'{who}-secret', 'q-Drop table users?')}"} for who in ("bob", "carol")
    ]
    assert "db.drop()" in ntfy.messages[0]["message"]
    assert "May answer: bob, carol" in ntfy.messages[0]["message"]
    assert "tk_secret" not in json.dumps(ntfy.messages)


def test_anyone(ntfy: Ntfy) -> None:
    """On the one topic whoever has it may answer, and counts as one, however often."""

    async def work(one: Ask) -> None:
        (asked,) = ntfy.messages
        assert asked["topic"] == "team-secret"
        ntfy.press(asked, "Approve")
        await one.until(lambda a: a.decision is not None)
        assert one.decision is not None
        assert one.decision.people == ("somebody with the topic (anyone)",)
        await one.channel.respond(one.receipt, one.replies[0], "it came too late")
        assert ntfy.on("team-secret")[-1]["message"] == "it came too late"

    asking(Anyone(ntfy), work, approvers=("anyone",))


def test_one_stream_for_all(ntfy: Ntfy) -> None:
    """Questions of two channels of one account share it; what comes while it is opened anew is not missed."""

    async def work() -> None:
        both = [channels.build(name, {**ntfy.values, "timeout_s": 5.0}) for name in ("team", "other")]
        texts = [f"Question {n}?" for n in range(6)]
        asked = [question(text) for text in texts]
        try:
            streams = []
            for n, one in enumerate(asked):
                receipt = await both[n % 2].post(Message(title=one.text, question=one), one.id)
                streams.append(both[n % 2].replies(one, receipt))
            answers = [asyncio.ensure_future(anext(stream)) for stream in streams]
            for message in [m for m in list(ntfy.messages) if m["topic"] == "bob-secret"]:
                ntfy.press(message, "Reject")
                ntfy.cut()
            for reply in await asyncio.wait_for(asyncio.gather(*answers), 20):
                assert (reply.person, reply.text, reply.way) == ("bob", "decline", "button")
            for stream in streams:
                await cast(Any, stream).aclose()
        finally:
            for channel in both:
                await channel.aclose()

    asyncio.run(work())
    assert max(map(len, ntfy.subscribed)) == 12


def test_faults_of_the_stream(ntfy: Ntfy) -> None:
    """Errors and lost connections leave the question open, and status says what is wrong meanwhile."""

    async def work(one: Ask) -> None:
        await asyncio.to_thread(ntfy.until, lambda: ntfy.subscribed)
        ntfy.http.plan(status(500), RESET)
        ntfy.cut()
        await asyncio.to_thread(ntfy.until, lambda: one.channel.note)
        await one.answer("bob", "approve", "button")
        await one.until(lambda a: a.decision is not None)
        assert one.channel.note == ""

    asking(NtfyRow(ntfy), work)


def test_figures_and_files(ntfy: Ntfy) -> None:
    """The first goes with the text, further ones follow without a sound; all of it is there."""
    images = (Image(b"one", name="Größe.png"), Image(b"two", name="b.png"))
    message = Message(
        title="Größe\n🚀",
        text="C:\\new\nline",
        whole_traceback="W" * 5000,
        images=images,
        level=Level.CRITICAL,
    )
    use(ntfy, lambda channel: channel.post(message, "key"))
    first, second, third = ntfy.on("team-secret")
    assert (first["title"], first["message"].replace("\u200b", "")) == ("Größe 🚀", "C:\\new\nline")
    assert [m["priority"] for m in (first, second, third)] == [5, 1, 1]
    assert [ntfy.files[m["id"]] for m in (first, second, third)] == [
        ("Größe.png", b"one"),
        ("b.png", b"two"),
        ("traceback.txt", b"W" * 5000),
    ]


@pytest.mark.parametrize("file_bytes", [0, 100])
def test_a_server_that_takes_no_such_files(file_bytes: int) -> None:
    """They are left out, and that is said; a question whose code is too long is not asked."""
    with Ntfy(file_bytes=file_bytes) as ntfy:

        async def work(channel: Channel) -> None:
            images = (Image(b"x" * 200, name="large.png"),)
            await channel.post(Message(title="x", text="text", images=images), "1")
            with pytest.raises(ChannelRefused, match="code cannot be shown whole, so nobody is asked"):
                await channel.post(ask("x = 1\n" * 1000), "2")

        use(ntfy, work)
        (message,) = ntfy.messages
        assert message["message"] == "text\n(left out, as the server does not take it: large.png)"


def test_long_code(ntfy: Ntfy) -> None:
    """It goes along whole, in the same notification as the buttons."""
    code = "größe = 'ü'\n" * 1000
    use(ntfy, lambda channel: channel.post(ask(code), "key"))
    for message in ntfy.messages:
        assert ntfy.files[message["id"]] == ("code.py", code.encode())
        assert [action["label"] for action in message["actions"]] == ["Approve", "Reject", "In words"]


@given(st.text(), st.text(), st.booleans(), st.booleans())
def test_it_always_fits(text: str, output: str, is_markdown: bool, has_files: bool) -> None:
    """Whatever is in it, however it has to be written in JSON."""
    message = Message(title=text, text=text * 200, output='"\\\n' * 3000 + output, metadata={text: text})
    rendered = render(message, is_markdown=is_markdown, has_files=has_files)
    body = json.dumps(rendered.notice.body("t" * 64, "s" * 40), ensure_ascii=False)
    assert len(rendered.notice.text.encode()) <= 4000
    assert len(body.encode()) <= 8000


def test_more_choices_than_buttons(ntfy: Ntfy) -> None:
    """Three choices are buttons no more: a button leads to where the answer can be written."""

    async def work(channel: Channel) -> None:
        await channel.post(ask(choices=("blue", "green")), "1")
        await channel.post(ask(choices=("blue", "green", "red")), "2")
        await channel.post(ask(input="int"), "3")

    use(ntfy, work)
    labels = [[action["label"] for action in m["actions"]] for m in ntfy.messages if "bob" in m["topic"]]
    assert labels == [["blue", "green", "Reject"], ["In words", "Reject"], ["In words", "Reject"]]


def test_an_older_server() -> None:
    """Without updates the decision is a notification more, of which no button is left to press."""
    message = ask()
    assert message.question
    decision = Decision(
        question_id=message.question.id, outcome=Outcome.APPROVED, by=("bob",), decided_at=datetime.now(UTC)
    )
    with Ntfy(has_updates=False) as ntfy:

        async def work(channel: Channel) -> None:
            receipt = await channel.post(message, "key")
            await channel.update(receipt, replace(message, decision=decision))

        use(ntfy, work)
        asked, told = ntfy.on("bob-secret")
        assert asked["actions"]
        assert ("actions" in told, told["message"], told["tags"]) == (
            *(False, "approved by bob"),
            ["white_check_mark"],
        )
        assert [m["message"] for m in ntfy.on("ann-secret")] == ["approved by bob"]


def test_markdown(ntfy: Ntfy) -> None:
    """Texts are inert, code stands in a block; an address can still be followed, and a tap leads back."""
    message = Message(
        title="x",
        text="*a* <b> https://x.example/a_b",
        result="```",
        source=Source(link="https://x.example/lab", notebook="a.ipynb"),
    )
    use(ntfy, lambda channel: channel.post(message, "key"), markdown=True)
    (sent,) = ntfy.messages
    assert sent["markdown"] is True
    assert sent["click"] == "https://x.example/lab"
    assert r"\*a\* \<b\> https://x.example/a_b" in sent["message"]
    assert "**Result**\n```\n`\u200b`\u200b`\n```" in sent["message"]


def test_problems() -> None:
    """A token that is none; answers that cannot be read, or that phones cannot send."""

    async def problems(channel: Channel) -> list[str]:
        return await channel.problems()

    with Ntfy() as ntfy:
        assert use(ntfy, problems) == []
        assert "token" in use(ntfy, problems, token="tk_nonsense")[0]
        ntfy.closed = [("account", "nbalert-*"), ("anonymous", "nbalert-*")]
        read, write = use(ntfy, problems)
        assert "ntfy access USER 'nbalert-*' read-only" in read
        assert "ntfy access everyone 'nbalert-*' write-only" in write
        assert use(ntfy, problems, approvers=[]) == []
        assert ntfy.messages == [m for m in ntfy.messages if m["topic"].startswith("nbalert-")]
        with pytest.raises(ChannelDenied, match="answers cannot be read"):
            use(ntfy, lambda channel: channel.post(ask(), "key"))


def test_passwords_and_quotas(ntfy: Ntfy) -> None:
    """A user and a password do as well; a quota that is used up is waited for."""
    values = {"token": None, "user": "ann", "password": ntfy.token}
    use(ntfy, lambda channel: channel.post(Message(title="x"), "1"), **values)
    ntfy.quota_left = 0

    async def work(channel: Channel) -> None:
        with pytest.raises(ChannelBusy, match="daily quota") as caught:
            await channel.post(Message(title="x"), "2")
        assert (caught.value.retry_after_s or 0) > 60

    use(ntfy, work)


def test_too_many_requests() -> None:
    """The server does not say how long to wait; it allows one more every five seconds."""
    with Ntfy(burst=1) as ntfy:

        async def work(channel: Channel) -> None:
            await channel.post(Message(title="x"), "1")
            with pytest.raises(ChannelBusy, match="too many requests") as caught:
                await channel.post(Message(title="x"), "2")
            assert caught.value.retry_after_s == 5

        use(ntfy, work)


def test_native_parts(ntfy: Ntfy) -> None:
    """Fields of ntfy's own take the place of ours, but for where it goes."""
    own = {"priority": 2, "tags": ["tada"], "topic": "elsewhere"}
    use(ntfy, lambda channel: channel.post(Message(title="x", native={"ntfy": own}), "key"))
    assert [(m["topic"], m["priority"], m["tags"]) for m in ntfy.messages] == [("team-secret", 2, ["tada"])]


def test_a_reminder(ntfy: Ntfy) -> None:
    """It goes to those who can still answer, and to nobody else."""

    async def work(channel: Channel) -> None:
        receipt = await channel.post(ask(), "key")
        await channel.remind(receipt, Message(title="5m left to decide", mention=("carol",)), "key2")

    use(ntfy, work)
    assert [m["title"] for m in ntfy.on("carol-secret")] == ["Drop table users?", "5m left to decide"]
    assert len(ntfy.on("bob-secret")) == 1


def test_a_token_that_is_revoked_ends_listening(ntfy: Ntfy) -> None:
    """Nobody waits for answers that cannot come any more."""

    async def work(channel: Channel) -> None:
        message = ask()
        receipt = await channel.post(message, "key")
        ntfy.token = "tk_another-secret"
        async with aclosing(cast(Any, channel.replies(cast(Any, message.question), receipt))) as stream:
            with pytest.raises(ChannelDenied, match=r"^team: .*token"):
                await asyncio.wait_for(anext(stream), 20)

    use(ntfy, work)
