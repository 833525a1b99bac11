"""What a webhook does beside the contract."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.errors import CannotAsk, ChannelError, ChannelRefused, SettingsError
from nbalert.fields import Origin
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.settings import ChannelTable
from tests.channels.using import with_channel
from tests.chat_servers.signed_hook import SECRET, SignedHook
from tests.chat_servers.webhook import Answer, Webhook
from tests.inboxes import question
from tests.processes import wait_until


@pytest.fixture
def hook() -> Iterator[SignedHook]:
    """A service that checks signatures."""
    with SignedHook() as server:
        yield server


def use(values: dict[str, Any], work: Callable[[Channel], Awaitable[Any]]) -> Any:
    """Do something with a channel `ci`."""
    return with_channel({"kind": "webhook", "timeout_s": 5.0, **values}, work, name="ci")


def first_reply(values: dict[str, Any]) -> Reply:
    """The first answer to a question."""

    async def work(channel: Channel) -> Reply:
        stream = channel.replies(question(id="q1"), Receipt(channel="ci", reference="k"))
        async with aclosing(cast(Any, stream)) as replies, asyncio.timeout(20):
            return cast(Reply, await anext(replies))

    return cast(Reply, use(values, work))


def test_what_is_sent() -> None:
    """The message as JSON, with its type, and the key as a header; unsigned where there is no secret."""
    with Webhook() as server:
        message = Message(title="Trained", metadata={"loss": 0.5})
        receipt = use({"url": server.url}, lambda channel: channel.post(message, "key-1"))
        (request,) = server.requests
    assert (request.method, request.path, request.key) == ("POST", "/secret-path", "key-1")
    assert b'"type":"nbalert.message"' in request.body
    assert Message.from_json(request.message).title == "Trained"
    assert "webhook-signature" not in request.headers
    assert (receipt.channel, receipt.reference, receipt.link) == ("ci", "key-1", "")


def test_a_body_of_ones_own() -> None:
    """With method and headers; signed as it is sent."""
    settings = {
        "method": "PUT",
        "headers": {"X-Team": "ops", "Authorization": "Bearer token"},
        "body": {"text": "$title", "level": "$level"},
        "secret": SECRET,
    }
    with Webhook() as server:
        use({"url": server.url, **settings}, lambda channel: channel.post(Message(title="x"), "k"))
        (request,) = server.requests
    assert (request.method, json.loads(request.body)) == ("PUT", {"text": "x", "level": "INFO"})
    assert (request.headers["x-team"], request.headers["authorization"]) == ("ops", "Bearer token")
    assert request.headers["webhook-signature"].startswith("v1,")


def test_without_answers_it_cannot_ask() -> None:
    """A question is refused on both ways, and nothing is sent."""

    async def work(channel: Channel) -> None:
        with pytest.raises(ChannelRefused, match="channel ci: a webhook cannot bring answers"):
            await channel.post(Message(title="?", question=question()), "k")
        with pytest.raises(CannotAsk):
            channel.replies(question(), Receipt(channel="ci", reference="k"))
        assert await channel.problems() == []

    with Webhook() as server:
        use({"url": server.url}, work)
        assert server.requests == []


@pytest.mark.parametrize("holds", [True, False])
def test_an_answer_is_pushed_or_looked_for(hook: SignedHook, holds: bool) -> None:
    """A held request is answered at once; who cannot hold one is asked again; the query is signed, too."""
    hook.holds = holds

    async def work(channel: Channel) -> None:
        stream = channel.replies(question(id="q1"), Receipt(channel="ci", reference="k"))
        async with aclosing(cast(Any, stream)) as replies, asyncio.timeout(60):
            waiting = asyncio.ensure_future(anext(replies))
            await asyncio.to_thread(wait_until, lambda: hook.asked)
            hook.say("q1", "bob", "approve", way="button", name="Bob", link="https://h/1")
            reply = await waiting
            assert (reply.person, reply.text, reply.way, reply.name) == ("bob", "approve", "button", "Bob")
            hook.say("q1", "carol", "no: not today")
            assert (await anext(replies)).text == "no: not today"
        assert hook.asked[0] == ""
        assert hook.asked[-1] == "after=1"

    use(hook.values, work)


def signed_answer(hook: SignedHook, **changes: Any) -> Answer:
    """A yes to q1, with changes."""
    answer = {"id": "1", "question": "q1", "person": "bob", "text": "approve"}
    answer |= {"at": datetime.now(UTC).isoformat(), **changes}
    return hook.signed({"answers": [answer]})


def test_answers_that_nobody_has_signed(hook: SignedHook) -> None:
    """Not signed, signed with another secret, or heard before: they end the listening, and decide nothing."""
    plain = Answer(body=signed_answer(hook).body)
    again = signed_answer(hook)
    hook.http.plan(plain)
    with pytest.raises(ChannelRefused, match="does not count: it is not signed"):
        first_reply(hook.values)
    hook.secret, before = "whsec_" + "A" * 32, hook.values
    hook.http.plan(signed_answer(hook))
    with pytest.raises(ChannelRefused, match="not of the secret in the settings"):
        first_reply(before)

    async def work(channel: Channel) -> None:
        hook.http.plan(again, again)
        stream = channel.replies(question(id="q1"), Receipt(channel="ci", reference="k"))
        async with aclosing(cast(Any, stream)) as replies:
            await anext(replies)
            with pytest.raises(ChannelRefused, match="its webhook-id was used before"):
                await anext(replies)

    use(before, work)


@pytest.mark.parametrize(
    "changes", [{"at": "2026-11-27T03:00:00"}, {"at": 7}, {"text": None}, {"id": 1}, {"way": "shout"}]
)
def test_answers_that_are_none(hook: SignedHook, changes: dict[str, Any]) -> None:
    """What is signed and makes no sense is an error that says where it came from."""
    hook.http.plan(signed_answer(hook, **changes))
    with pytest.raises(ChannelError, match="ci: what answers_url says are no answers"):
        first_reply(hook.values)


def test_an_answer_to_another_question(hook: SignedHook) -> None:
    """It is not ours, whoever sends it."""
    hook.http.plan(signed_answer(hook, question="q2", id="7"), signed_answer(hook, id="8"))
    assert first_reply(hook.values).reference == "8"


def test_many_questions_are_one_request(hook: SignedHook) -> None:
    """Also one that was answered before anybody listened; when nobody waits any more, nothing is asked."""

    async def work(channel: Channel) -> None:
        receipt = Receipt(channel="ci", reference="k")
        streams = [cast(Any, channel.replies(question(id=f"q{n}"), receipt)) for n in range(20)]
        waiting = [asyncio.ensure_future(anext(stream)) for stream in streams[:-1]]
        await asyncio.to_thread(wait_until, lambda: hook.asked)
        for n in range(20):
            hook.say(f"q{n}", f"person {n}", "approve")
        assert [(await one).person for one in waiting] == [f"person {n}" for n in range(19)]
        assert (await anext(streams[-1])).person == "person 19"
        for stream in streams:
            await stream.aclose()
        asked = len(hook.asked)
        assert asked < 20
        assert (await anext(cast(Any, channel.replies(question(id="q3"), receipt)))).person == "person 3"
        assert hook.asked[asked:] == [""]

    use(hook.values, work)


def test_what_keeps_answers_from_coming(hook: SignedHook) -> None:
    """The test of a channel asks for answers to nothing, and says what is wrong."""
    assert use(hook.values, lambda channel: channel.problems()) == []
    wrong = {**hook.values, "answers_url": f"{hook.http.url}/nowhere"}
    (problem,) = use(wrong, lambda channel: channel.problems())
    assert "answered 404" in problem
    assert problem.endswith("check the address in the settings (answers_url)")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"secret": "env:SHORT"}, "channels.ci.secret: is no signing secret"),
        ({"secret": SECRET}, "channels.ci.secret: is a secret: refer to it as env:NAME"),
        ({"answers_url": "https://h/"}, "answers_url needs a secret: answers that nobody has signed"),
        (
            {"answers_url": "https://h/", "secret": "env:LONG", "body": {"text": "$title: $code"}},
            "answers_url needs $question or $message in the body",
        ),
        ({"headers": {"a b": "x"}}, "channels.ci.headers"),
        ({"headers": {"A": "x\ny"}}, "channels.ci.headers.A: is no value of a header"),
        ({"headers": {"Webhook-Id": "x"}}, "Webhook-Id is set by nbalert itself"),
        ({"headers": {"A": "env:MISSING"}}, "the environment variable MISSING is not set"),
        ({"body": {"a": "$nonsense"}}, "channels.ci.body: has an unknown field"),
        ({"method": "GET"}, "channels.ci.method"),
    ],
)
def test_settings_that_are_wrong(values: dict[str, Any], says: str, tmp_path: Path) -> None:
    """They name the key and what to do; no value of a secret."""
    table = {"kind": "webhook", "url": "https://h/", **values}
    origin = Origin("nbalert.toml", tmp_path, {"SHORT": "whsec_c2hvcnQ=", "LONG": SECRET})
    with pytest.raises(SettingsError) as caught:
        channels.check(ChannelTable("ci", table, origin))
    assert says in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)
    assert os.linesep not in str(caught.value)
