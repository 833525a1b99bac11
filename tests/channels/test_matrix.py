"""What a Matrix bot does beside the contract, at a real homeserver: rooms, rights, limits, TLS, files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.channels.matrix_answers import place
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelRefused, ChannelUnreachable, SettingsError
from nbalert.fields import Origin, validated
from nbalert.message import Image, Message, Receipt
from nbalert.question import Decision, Outcome
from tests.certificates import Authority
from tests.channels.row_matrix import BOB, MatrixRow, rendered
from tests.channels.using import with_channel
from tests.chat_servers.synapse import user
from tests.chat_servers.webhook import LOST, status
from tests.inboxes import question
from tests.processes import wait_until

LONG = "".join(f"x{n} = {n}\n" for n in range(3000))


@pytest.fixture
def row(tmp_path: Path) -> Iterator[MatrixRow]:
    """A room at a homeserver."""
    with MatrixRow.open(tmp_path) as opened:
        yield opened


def use(row: MatrixRow, work: Callable[[Channel], Awaitable[Any]], **values: Any) -> Any:
    """Do something with a channel."""
    return with_channel({**row.values(), **values}, work)


def posted(row: MatrixRow, message: Message, key: str = "key", **values: Any) -> Receipt:
    """Post it."""
    receipt = use(row, lambda channel: channel.post(message, key), **values)
    assert isinstance(receipt, Receipt)
    return receipt


def test_an_invitation_is_accepted(row: MatrixRow) -> None:
    """A room by its address, that the bot was invited to and has not entered; others say whom to invite."""
    name = f"ops-{row.room[1:9]}".lower()
    private = {"preset": "private_chat", "room_alias_name": name}
    room = row.homeserver.room(**private, invite=[user("bot")])
    receipt = posted(row, Message(title="Trained"), room=f"#{name}:nb.test")
    assert place(receipt)[0] == room
    assert receipt.link.startswith("https://matrix.to/#/%21")
    closed = row.homeserver.room(preset="private_chat")
    with pytest.raises(ChannelDenied, match=f"not in the room {closed}: write /invite @bot:nb.test there"):
        posted(row, Message(title="Trained"), room=closed)
    with pytest.raises(ChannelDenied, match=r"#nowhere:nb.test not found; check room"):
        posted(row, Message(title="Trained"), room="#nowhere:nb.test")
    with pytest.raises(ChannelRefused, match="not in the room") as caught:
        posted(row, Message(title="Trained", target=closed))
    assert not isinstance(caught.value, ChannelDenied)  # others are posted
    assert posted(row, Message(title="Trained", target=room)).reference.startswith(room)


def test_an_encrypted_room(row: MatrixRow) -> None:
    """It is refused in one clear line: what is said there could not be read."""
    encryption = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    room = row.homeserver.room(preset="public_chat", initial_state=[encryption])
    with pytest.raises(ChannelDenied, match=r"is encrypted, and nbalert cannot read there; name another one"):
        posted(row, Message(title="Trained"), room=room)
    assert use(row, lambda channel: channel.problems(), room=room)[0].startswith("the room")


def test_a_message_is_sent_once(row: MatrixRow) -> None:
    """Whichever of its requests got no answer: text and figures are there once, by their transactions."""
    message = Message(title="Trained", images=(Image(b"one"), Image(b"two", name="second.png")))
    for what in ("POST .*/upload", "PUT .*/send/", "PUT .*/send/"):
        row.server.fail(what, LOST)
        with pytest.raises(ChannelUnreachable):
            posted(row, message)
    posted(row, message)
    (seen,) = row.seen()
    assert seen.images == 2


def test_what_is_too_long(row: MatrixRow) -> None:
    """It goes along as files; what the server does not take is named; an edit finds room as well."""
    table = "<table><tr><th>loss</th></tr><tr><td>0.5</td></tr></table>"
    texts = {"text": "ü" * 30_000, "output": '"' * 40_000, "whole_traceback": LONG, "traceback": LONG[:9000]}
    big = Image(b"x" * 300_000, name="big.png")
    message = Message(title="Trained", **texts, html=table, result="loss\n0.5", images=(big,))  # type: ignore[arg-type]
    receipt = posted(row, message)
    use(row, lambda channel: channel.update(receipt, replace(message, title="Trained anew")))
    (seen,) = row.seen()
    assert set(seen.files) == {texts["text"], texts["output"], LONG}
    assert "Not attached, larger than the server takes: big.png" not in seen.text  # the edit has replaced it
    assert "Trained anew" in seen.text
    first = next(e["content"] for e in row.homeserver.events(row.room) if e["event_id"] == place(receipt)[1])
    assert "Not attached, larger than the server takes: big.png" in rendered(first)
    assert table in first["formatted_body"]


def test_code_in_question(row: MatrixRow) -> None:
    """Long code comes whole before the question; where the server does not take it nobody is asked."""
    asked = question(code=LONG)
    posted(row, Message(title="Deploy?", code=LONG, question=asked))
    bodies = [one for one in row.homeserver.events(row.room) if one["type"] == "m.room.message"]
    assert [one["content"]["msgtype"] for one in bodies] == ["m.file", "m.text"]
    assert row.homeserver.download(bodies[0]["content"]["url"]).decode() == LONG
    assert asked.code_sha256 in rendered(bodies[1]["content"])
    huge = LONG * 10
    with pytest.raises(ChannelRefused, match="the code is larger than the homeserver takes; nobody is asked"):
        posted(row, Message(title="Deploy?", code=huge, question=question(code=huge)), "key2")
    assert len([one for one in row.homeserver.events(row.room) if one["type"] == "m.room.message"]) == 2


def test_mentions(row: MatrixRow) -> None:
    """Whoever is named on purpose is notified by the real push rules; no text does so, not even @room."""
    powers = {"users": {user("bot"): 100}}
    room = row.homeserver.room(preset="public_chat", power_level_content_override=powers)
    row.homeserver.send(room, "bob", "m.room.message", {"msgtype": "m.text", "body": "hello"})

    def highlights() -> int:
        found = row.homeserver.call("GET", "notifications", by="bob", only="highlight")["notifications"]
        return len([one for one in found if one["room_id"] == room])

    hostile = f"@room {BOB} bob Bob https://matrix.to/#/{BOB} <a href='https://matrix.to/#/{BOB}'>Bob</a>"
    posted(row, Message(title=hostile, text=hostile, code=hostile), "text", room=room)
    assert highlights() == 0
    posted(row, Message(title="Trained", mention=(BOB,)), "person", room=room)
    assert highlights() == 1
    posted(row, Message(title="Trained", mention=("room",)), "all", room=room)
    assert highlights() == 2


def test_native(row: MatrixRow) -> None:
    """A message in Matrix's own form passes through; of a question the code is shown all the same."""
    own = {"body": "plain", "formatted_body": "<p>own</p>", "m.mentions": {"room": True}, "org.example": 1}
    asked = question()
    posted(row, Message(title="x", code=asked.code, question=asked, native={"matrix": own}))
    (content,) = [e["content"] for e in row.homeserver.events(row.room) if e["type"] == "m.room.message"]
    assert content["formatted_body"].startswith("<p>own</p><p><strong>Will run</strong></p><pre>")
    assert content["org.example"] == 1
    assert content["m.mentions"] == {}


def test_the_rate_limit(row: MatrixRow) -> None:
    """The server's own: the error says in how many seconds, and then it goes through."""
    row.homeserver.limit("slow", 1, 1)
    token = row.homeserver.token("slow")

    async def work(channel: Channel) -> None:
        with pytest.raises(ChannelBusy) as caught:
            await burst(channel)
        assert caught.value.retry_after_s is not None
        assert 0 < caught.value.retry_after_s <= 1
        await asyncio.sleep(caught.value.retry_after_s)
        await channel.post(Message(title="late"), "key")

    async def burst(channel: Channel) -> None:
        for number in range(20):
            await channel.post(Message(title=f"number {number}."), f"key{number}")

    use(row, work, token=token)


@pytest.mark.parametrize(
    ("answer", "after_s"),
    [
        (status(429, Retry_After="7"), 7),
        (replace(status(429), body=b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500}'), 1.5),
        (replace(status(429), body=b'{"errcode": "M_LIMIT_EXCEEDED"}'), None),
        (replace(status(429, Retry_After="3"), body=b'{"errcode": "M_LIMIT_EXCEEDED"}'), 3),
    ],
    ids=["header", "body", "neither", "both words"],
)
def test_how_long_to_wait(row: MatrixRow, answer: Any, after_s: float | None) -> None:
    """Seconds of the header, milliseconds of the body."""
    row.server.plan(answer)
    with pytest.raises(ChannelBusy) as caught:
        posted(row, Message(title="x"))
    assert caught.value.retry_after_s == after_s


def test_tls(row: MatrixRow, tmp_path: Path) -> None:
    """A certificate of a known authority will do; any other is refused, before the token is shown."""
    homeserver, ca = row.homeserver.tls_url, str(row.homeserver.authority.file)
    assert posted(row, Message(title="x"), homeserver=homeserver, tls={"ca": ca})
    stranger = str(Authority(tmp_path).file)
    for tls in ({}, {"ca": stranger}):
        with pytest.raises(ChannelUnreachable, match=r"team: 127.0.0.1: its certificate is not trusted"):
            posted(row, Message(title="x"), homeserver=homeserver, tls=tls)
    assert posted(row, Message(title="x"), homeserver=homeserver, tls={"verify": False})


def test_a_wrong_token(row: MatrixRow) -> None:
    """It is said what to do, and the token is not."""
    with pytest.raises(ChannelDenied, match="access token is not valid") as caught:
        posted(row, Message(title="x"), token="syt_wrong")
    assert "syt_wrong" not in str(caught.value)
    assert "access token" in use(row, lambda channel: channel.problems(), token="syt_wrong")[0]


def test_no_homeserver(row: MatrixRow) -> None:
    """An address where there is none is named as what is wrong."""
    with pytest.raises(ChannelDenied, match="check the address in the settings"):
        posted(row, Message(title="x"), homeserver=f"{row.server.origin}/elsewhere")


def test_problems(row: MatrixRow) -> None:
    """What the bot lacks, and who cannot answer because they are not there; nothing once it is mended."""
    powers = {"events": {"m.reaction": 50}}
    room = row.homeserver.room(preset="public_chat", power_level_content_override=powers)

    def problems() -> list[str]:
        return list(use(row, lambda channel: channel.problems(), room=room, approvers=[BOB]))

    reactions, bob = problems()
    assert reactions.startswith("the bot has power level 0, and needs 50 to offer reactions: raise it")
    assert bob == f"{BOB} may answer, and is not in the room {room}: write /invite {BOB} there"
    row.homeserver.send(room, "bob", "m.room.message", {"msgtype": "m.text", "body": "here"})
    levels = {**powers, "events": {}}
    row.homeserver.call("PUT", "rooms", room, "state", "m.room.power_levels", "", body=levels)
    assert problems() == []


def test_a_message_that_was_removed(row: MatrixRow) -> None:
    """Its next version is posted anew: of an edit nobody would see anything."""

    async def work(channel: Channel) -> None:
        receipt = await channel.post(Message(title="Runs 1"), "key")
        assert await channel.renew(receipt, Message(title="Runs 2"), "key 2") == receipt
        await asyncio.to_thread(row.redact, "ann", place(receipt)[1])
        assert await channel.renew(receipt, Message(title="Ended"), "key 3") != receipt

    use(row, work)
    (shown,) = row.seen()
    assert "Ended" in shown.text


def test_an_ended_question(row: MatrixRow) -> None:
    """The bot's reactions are there while it is open, and gone afterwards; the asker is told."""
    asked = question(approvers=(BOB,), asker=user("ann"))
    message = Message(title="Deploy?", code=asked.code, question=asked)
    decision = Decision(question_id="q", outcome=Outcome.APPROVED, decided_at=datetime.now(UTC), by=(BOB,))

    def reactions() -> list[str]:
        return [
            one["content"]["m.relates_to"]["key"]
            for one in row.homeserver.events(row.room)
            if one["type"] == "m.reaction" and one["content"]
        ]

    async def work(channel: Channel) -> None:
        receipt = await channel.post(message, "key")
        await asyncio.to_thread(wait_until, lambda: reactions() == ["✅", "❌"])
        await channel.update(receipt, replace(message, decision=decision))
        await asyncio.to_thread(wait_until, lambda: reactions() == [])

    use(row, work)
    assert row.told(user("ann")) == [f"@ann:nb.test approved by {BOB}"]
    assert f"✅ approved by {BOB}" in row.seen()[0].text
    assert "Reply approve" not in row.seen()[0].text


@pytest.mark.parametrize(
    ("setting", "value", "why"),
    [
        ("approvers", ["bob"], "'bob' is no Matrix id; write @name:server"),
        ("room", "ops", "'ops' is no room; write its id"),
        ("homeserver", "matrix.example.org", "homeserver: is no address; write https://"),
    ],
)
def test_settings(setting: str, value: object, why: str, tmp_path: Path) -> None:
    """What can be no id or no address is refused with the settings."""
    given = {"kind": "matrix", "homeserver": "https://hs.example.org", "token": "env:T", "room": "!r:hs"}
    with pytest.raises(SettingsError, match=why):
        validated(
            channels.channel_class("matrix").Settings,
            {**given, setting: value},
            Origin("nbalert.toml", tmp_path, {"T": "secret"}),
        )
