"""The Telegram of the tests is one: python-telegram-bot works with it, and understands all that it says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter

from tests.channels.test_telegram import png
from tests.chat_servers.telegram import BOB, GROUP, Telegram
from tests.chat_servers.telegram_rules import Limits

KINDS = [Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.MESSAGE_REACTION]


@pytest.fixture
def telegram(monkeypatch: pytest.MonkeyPatch) -> Iterator[Telegram]:
    """A server whose bot is an admin."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # else it warns of its own next version
    with Telegram(Limits(group=8)) as server:
        server.world.members[123456] = {"status": "administrator"}
        yield server


def bot(telegram: Telegram, token: str = "") -> Bot:
    """Another program's bot."""
    return Bot(token or telegram.world.token, base_url=f"http://127.0.0.1:{telegram.http.port}/bot")


def test_a_foreign_bot_asks_and_hears(telegram: Telegram) -> None:
    """Buttons, replies, edits and reactions reach it as its own types; an offset confirms them."""

    async def work() -> None:
        async with bot(telegram) as one:
            keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Approve", callback_data="nbalert:yes")]])
            asked = await one.send_message(
                GROUP, "<b>Deploy &lt;v7&gt;?</b>", ParseMode.HTML, reply_markup=keyboard
            )
            assert asked.text == "Deploy <v7>?"
            message = telegram.messages[0]
            click = telegram.click(BOB, message)
            said = telegram.say(BOB, "yes", message)
            telegram.world.edit(said, "no")
            telegram.world.react(BOB, message, "👍")
            pressed, written, edited, reacted = await one.get_updates(timeout=5, allowed_updates=KINDS)
            assert pressed.callback_query is not None
            assert (pressed.callback_query.data, pressed.callback_query.from_user.id) == ("nbalert:yes", BOB)
            await pressed.callback_query.answer("noted")
            assert telegram.toast(click) == "noted"
            assert written.message is not None
            assert written.message.reply_to_message is not None
            assert written.message.reply_to_message.message_id == asked.message_id
            assert edited.edited_message is not None
            assert edited.edited_message.edit_date is not None
            assert reacted.message_reaction is not None
            assert reacted.message_reaction.user is not None
            assert reacted.message_reaction.user.id == BOB
            assert await one.get_updates(offset=reacted.update_id + 1, timeout=0) == ()
            assert isinstance(await one.edit_message_text("Done", GROUP, asked.message_id), type(asked))

    asyncio.run(work())
    assert telegram.messages[0]["text"] == "Done"
    assert telegram.api.faults == []


def test_it_refuses_as_telegram_does(telegram: Telegram) -> None:
    """The foreign bot knows each refusal for what it is."""

    async def work() -> None:
        async with bot(telegram) as one:
            with pytest.raises(BadRequest, match="Can't parse entities"):
                await one.send_message(GROUP, "<b>x", ParseMode.HTML)
            with pytest.raises(BadRequest, match="too long"):
                await one.send_message(GROUP, "x" * 4097)
            too_long = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="x" * 65)]])
            with pytest.raises(BadRequest, match="Button_data_invalid"):
                await one.send_message(GROUP, "x", reply_markup=too_long)
            sent = await one.send_media_group(GROUP, [InputMediaPhoto(png()), InputMediaPhoto(png())])
            assert [bool(message.photo) for message in sent] == [True, True]
            telegram.world.webhook = "https://elsewhere.example/"
            with pytest.raises(Conflict, match="deleteWebhook"):
                await one.get_updates()
            for _ in range(6):
                await one.send_message(GROUP, "x")
            with pytest.raises(RetryAfter):
                await one.send_message(GROUP, "x")
        with pytest.raises(InvalidToken):
            async with bot(telegram, "1:nonsense"):
                pass

    asyncio.run(work())
