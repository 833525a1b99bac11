"""What Telegram does beside the contract: figures and files, limits, groups that move, rights."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalert.channels.base import Channel
from nbalert.channels.telegram_pace import BURST, TelegramPace
from nbalert.channels.telegram_pace import GROUP as IN_A_GROUP
from nbalert.channels.telegram_text import Span, block, bold, html, link, mention, plain
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelRefused, ChannelUnreachable
from nbalert.message import Image, Message, Source
from nbalert.question import Decision, Outcome
from tests.channels.row_telegram import TelegramRow
from tests.channels.using import with_channel
from tests.chat_servers.telegram import ANN, BOB, CAROL, GROUP, Telegram
from tests.chat_servers.telegram_html import notified, parsed, units
from tests.chat_servers.telegram_rules import Limits, Refused
from tests.chat_servers.webhook import LOST
from tests.inboxes import question


def png(width: int = 4, height: int = 4) -> bytes:
    """A picture that is one."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * (width + 1) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    """A server of our own."""
    with Telegram() as server:
        yield server
        assert server.api.faults == []


def use(telegram: Telegram, work: Callable[[Channel], Awaitable[Any]], **values: Any) -> Any:
    """Do something with a channel."""
    return with_channel({**telegram.values, "timeout_s": 5.0, **values}, work)


def ask(code: str = "db.drop()", **options: Any) -> Message:
    """A question of ann's."""
    ids = {"approvers": (str(BOB), str(CAROL)), "asker": str(ANN)}
    one = question(code=code, **{**ids, **options})
    return Message(title=one.text, question=one)


@given(st.lists(st.tuples(st.text(), st.sampled_from([plain, bold, block]))), st.integers(1, 60))
def test_html_is_never_broken(given: list[tuple[str, Callable[[str], Span]]], limit: int) -> None:
    """Whatever a text holds and wherever it is cut: tags and entities are whole, and the limit is kept."""
    spans = [make(text) for text, make in given]
    text, entities = parsed(html(spans, limit))
    assert units(text) <= limit
    assert notified(text, entities) == []
    whole = "".join(span.text for span in spans)
    assert text == whole if units(whole) <= limit else text.endswith("…")


def test_links_and_mentions() -> None:
    """A link leads only to the web, and breaks out of nothing; a mention is one of an id or a name."""
    assert html([link("javascript:x", "here")], 100) == "here"
    assert html([link('https://x.example/?a="&b=<', "<x>")], 100) == (
        '<a href="https://x.example/?a=%22&amp;b=&lt;">&lt;x&gt;</a>'
    )
    spans = [mention("1002", "B<b>"), mention("@bob_b"), Span(" "), mention('1"><b>'), plain("@carol")]
    text, entities = parsed(html(spans, 100))
    assert notified(text, entities) == ["1002", "@bob_b"]


def test_figures(telegram: Telegram) -> None:
    """One carries the text; several are an album below it, in order; what is no picture to show is a file."""
    odd = Image(b"<svg/>", "image/svg+xml", "odd.svg")
    flat = Image(png(2000, 2), name="flat.png")

    async def work(channel: Channel) -> None:
        await channel.post(Message(title="one", images=(Image(png()),)), "1")
        await channel.post(Message(title="many", images=(*(Image(png()),) * 11, odd)), "2")
        await channel.post(Message(title="flat", images=(flat,)), "3")

    use(telegram, work)
    one, many, *album, single, file, flat_one = telegram.messages
    assert ("photo" in one, one["caption"]) == (True, "🔵 one")
    assert many["text"] == "🔵 many"
    assert ["photo" in each for each in (*album, single)] == [True] * 11
    assert {each["reply_to_message"]["message_id"] for each in (*album, single, file)} == {many["message_id"]}
    assert file["document"]["file_name"] == "odd.svg"
    assert (flat_one["document"]["file_name"], flat_one["caption"]) == ("flat.png", "🔵 flat")


def test_what_is_too_long_goes_along_whole(telegram: Telegram) -> None:
    """The text keeps the beginning, of output the end; the traceback's file is the whole one."""
    message = Message(
        title="Failed",
        traceback="E" * 9000,
        whole_traceback="W" * 200_000,
        output="first\n" + "o" * 9000 + "\nlast",
        source=Source(notebook="/home/ann/a.ipynb", user="ann", host="gpu1", link="https://x.example/a"),
    )
    use(telegram, lambda channel: channel.post(message, "key"))
    text, *files = telegram.messages
    assert text["text"].endswith("a.ipynb · ann@\u2060gpu1\nopen the notebook")
    assert "E…" in text["text"]
    assert "\nlast" in text["text"]
    assert units(text["text"]) <= 4096
    sent = dict(telegram.world.files[m["message_id"]] for m in files)
    assert sent == {"output.txt": message.output.encode(), "traceback.txt": message.whole_traceback.encode()}


def test_a_server_that_takes_no_large_files() -> None:
    """What it refuses is left out, and that is said; a question whose code it refuses is not asked."""
    with Telegram(Limits(file_bytes=5000)) as telegram:

        async def work(channel: Channel) -> None:
            await channel.post(Message(title="x", text="x" * 6000), "1")
            with pytest.raises(
                ChannelRefused, match="the code is larger than Telegram takes; nobody is asked"
            ):
                await channel.post(ask("x = 1\n" * 1000), "2")

        use(telegram, work)
        _, said = telegram.messages
        assert said["text"] == "Left out, as Telegram takes no such file: text.txt"


def test_long_code(telegram: Telegram) -> None:
    """It is there, whole, before the question is; the question replies to it, and has the buttons."""
    code = "x = 1  # <&>\n" * 400
    use(telegram, lambda channel: channel.post(ask(code), "key"))
    file, asked = telegram.messages
    assert telegram.world.files[file["message_id"]] == ("code.py", code.encode())
    assert asked["reply_to_message"]["message_id"] == file["message_id"]
    assert "The whole code is in code.py." in asked["text"]
    assert asked["reply_markup"]["inline_keyboard"]


def test_a_second_try_goes_on(telegram: Telegram) -> None:
    """Of a delivery in parts, those that have arrived are not sent again."""

    async def work(channel: Channel) -> None:
        await channel.problems()
        telegram.http.plan(None, LOST)
        with pytest.raises(ChannelUnreachable):
            await channel.post(Message(title="x", text="x" * 6000), "key")
        await channel.post(Message(title="x", text="x" * 6000), "key")

    use(telegram, work)
    assert ["text" in message for message in telegram.messages] == [True, False, False]


def test_a_group_that_becomes_a_supergroup(telegram: Telegram) -> None:
    """Messages follow it, and status and test say what to write into the settings."""
    telegram.world.moved_to = -1009876543210

    async def work(channel: Channel) -> None:
        await channel.post(Message(title="x"), "key")
        assert channel.note == 'the group has become a supergroup: set chat = "-1009876543210"'
        assert await channel.problems() == [channel.note]

    use(telegram, work)
    assert telegram.messages[0]["text"] == "🔵 x"


def test_what_was_posted_before_a_group_moved(telegram: Telegram) -> None:
    """It cannot be edited any more: the newer version is a message of its own."""

    async def work(channel: Channel) -> None:
        receipt = await channel.post(Message(title="old"), "key")
        telegram.world.moved_to = -1009876543210
        telegram.world.messages.pop(int(receipt.reference.split("/")[1]))
        await channel.renew(receipt, Message(title="new"), "key2")

    use(telegram, work)
    assert [message["text"] for message in telegram.messages] == ["🔵 new"]


@pytest.mark.parametrize(
    ("refused", "kind", "says"),
    [
        (Refused(403, "Forbidden: bot was blocked by the user"), ChannelDenied, "press Start"),
        (Refused(403, "Forbidden: bot was kicked from the group chat"), ChannelDenied, "add it again"),
        (Refused(400, "Bad Request: not enough rights to send text messages"), ChannelDenied, "Permissions"),
        (Refused(400, "Bad Request: message thread not found"), ChannelDenied, "check thread"),
        (Refused(429, "Too Many Requests: retry after 7", retry_after=7), ChannelBusy, "wait 7 s"),
        (Refused(502, "Bad Gateway"), ChannelUnreachable, "502"),
    ],
)
def test_refusals(refused: Refused, kind: type[Exception], says: str, telegram: Telegram) -> None:
    """Each says what to do; no error holds the token."""
    telegram.api.refusal = refused

    async def work(channel: Channel) -> None:
        with pytest.raises(kind, match=says) as caught:
            await channel.post(Message(title="x"), "key")
        assert "secret-token" not in f"{caught.value!r} {caught.value.__cause__}"
        assert getattr(caught.value, "retry_after_s", 7) == 7

    use(telegram, work)


def test_a_chat_that_is_not_there(telegram: Telegram) -> None:
    """A wrong id is denied, not refused: alerts are kept until it is mended."""

    async def work(channel: Channel) -> None:
        with pytest.raises(ChannelDenied, match=r"no such chat.*add the bot to the group"):
            await channel.post(Message(title="x"), "key")
        assert await channel.problems() == [
            "team: there is no such chat for this bot; check the id, and add the bot to the group"
        ]

    use(telegram, work, chat="-5")


def test_problems(telegram: Telegram) -> None:
    """What is missing, and where to click."""

    async def problems(channel: Channel) -> list[str]:
        return await channel.problems()

    assert use(telegram, problems) == []
    telegram.world.webhook = "https://elsewhere.example/"
    telegram.world.members[123456] = {"status": "restricted", "can_send_messages": False}
    rights, webhook = use(telegram, problems)
    assert "may not write in Team" in rights
    assert "https://api.telegram.org/bot<TOKEN>/deleteWebhook" in webhook
    telegram.world.members[123456] = {"status": "left"}
    assert "add it: group name, Add Members" in use(telegram, problems)[0]
    assert "token is not valid" in use(telegram, problems, token="1:nonsense")[0]


def test_topics_targets_and_mentions(telegram: Telegram) -> None:
    """A topic is kept to; who is mentioned is notified by name, and what a text calls so is not."""
    message = Message(title="x", text=f"@bob_b and @all, tg://user?id={CAROL}", mention=(str(BOB), "@ann_a"))
    use(telegram, lambda channel: channel.post(message, "key"), thread=7)
    (posted,) = telegram.messages
    assert posted["message_thread_id"] == 7
    assert posted["text"].startswith("🔵 x\nBob @ann_a")
    assert telegram.world.pinged[posted["message_id"]] == [str(BOB), "@ann_a"]

    use(telegram, lambda channel: channel.post(Message(title="y", target=str(GROUP)), "key"), chat="-5")
    assert telegram.messages[-1]["text"] == "🔵 y"


def test_links(telegram: Telegram) -> None:
    """A message in a supergroup can be looked at by its members, in a public one by everybody."""

    async def post(channel: Channel) -> str:
        return (await channel.post(Message(title="x"), "key")).link

    assert use(telegram, post).startswith("https://t.me/c/1234567890/")
    telegram.world.chat["username"] = "team"
    assert use(telegram, post, chat="@team").startswith("https://t.me/team/")


def test_native_parts(telegram: Telegram) -> None:
    """What a message has in Telegram's own form is sent as it is, to where the settings say."""
    own = {"text": "<u>own</u>", "parse_mode": "HTML", "chat_id": "-5"}
    use(telegram, lambda channel: channel.post(Message(title="x", native={"telegram": own}), "key"))
    assert [m["text"] for m in telegram.messages] == ["own"]


def test_a_decision_is_told(telegram: Telegram) -> None:
    """The asker is notified, unless it was their own doing; the terms stay, the buttons go."""
    message = ask()
    assert message.question
    given: dict[str, Any] = {"question_id": message.question.id, "decided_at": datetime.now(UTC)}
    decided = replace(
        message, decision=Decision(outcome=Outcome.APPROVED, by=(str(BOB),), names=("Bob",), **given)
    )

    async def work(channel: Channel) -> None:
        receipt = await channel.post(message, "key")
        await channel.update(receipt, decided)
        cancelled = Decision(outcome=Outcome.CANCELLED, reason="interrupted", **given)
        await channel.update(receipt, replace(message, decision=cancelled))

    use(telegram, work)
    asked, told = telegram.messages
    assert "cancelled: interrupted" in asked["text"]
    assert "reply_markup" not in asked
    assert told["text"] == f"Ann approved by Bob ({BOB})"
    assert telegram.world.pinged[told["message_id"]] == [str(ANN)]


def test_a_reminder(telegram: Telegram) -> None:
    """It replies to the question, and notifies those who can answer."""

    async def work(channel: Channel) -> None:
        receipt = await channel.post(ask(), "key")
        await channel.remind(receipt, Message(title="5m left to decide", mention=(str(BOB),)), "key2")

    use(telegram, work)
    asked, reminder = telegram.messages
    assert reminder["reply_to_message"]["message_id"] == asked["message_id"]
    assert telegram.world.pinged[reminder["message_id"]] == [str(BOB)]


def test_choices_have_buttons_of_their_own(telegram: Telegram) -> None:
    """A row each; callback data stays within 64 bytes whatever is chosen from."""
    choices = tuple(f"a very long choice number {n} " + "🚀" * 40 for n in range(20))
    use(telegram, lambda channel: channel.post(ask(choices=choices), "key"))
    rows = telegram.messages[0]["reply_markup"]["inline_keyboard"]
    assert [len(row) for row in rows] == [1] * 21


def test_the_pace_of_a_chat() -> None:
    """A burst at once, then one a second; what the service asks for is the courier's to wait."""

    async def work() -> None:
        pace = TelegramPace()
        at = asyncio.get_running_loop().time()
        for _ in range(BURST):
            await pace.turn("team", "5")
        assert asyncio.get_running_loop().time() - at < 0.5
        await pace.turn("team", "5")
        assert asyncio.get_running_loop().time() - at > 0.5
        pace.hold("5", 30)
        with pytest.raises(ChannelBusy) as caught:
            await pace.turn("team", "5")
        assert 29 < (caught.value.retry_after_s or 0) <= 30
        await pace.turn("team", "6")

    asyncio.run(work())


def test_the_pace_of_a_group() -> None:
    """Twenty a minute, of edits as well; another chat is not held up."""

    async def work() -> None:
        pace = TelegramPace()
        for n in range(IN_A_GROUP):
            pace._take("-5", asyncio.get_running_loop().time() - IN_A_GROUP + n)
        with pytest.raises(ChannelBusy) as caught:
            await pace.turn("team", "-5")
        assert 30 < (caught.value.retry_after_s or 0) < 60
        await pace.turn("team", "-6")

    asyncio.run(work())


def test_the_row_is_an_admin(telegram: Telegram) -> None:
    """Only an admin is told of reactions, so only then does a question speak of them."""
    use(telegram, lambda channel: channel.post(ask(), "key"))
    telegram.world.members[123456] = {"status": "administrator"}
    use(telegram, lambda channel: channel.post(ask(), "key"))
    without, with_ = telegram.messages
    assert "react" not in without["text"]
    assert "Or react with 👍 or 👎." in with_["text"]
    assert TelegramRow.ways == ("button", "reply", "reaction")
