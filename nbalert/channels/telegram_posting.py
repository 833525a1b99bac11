"""A message put into a chat: its text, and what goes along, over as many requests as it takes.

There is no idempotency key. What this process knows to have arrived is not sent again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nbalert.channels.telegram_answers import Place
from nbalert.channels.telegram_api import Api
from nbalert.channels.telegram_errors import TooLarge
from nbalert.channels.telegram_files import FILE_BYTES, Attachment, fitting, send, send_all
from nbalert.channels.telegram_message import BREAK, Rendered
from nbalert.channels.telegram_question import code_file
from nbalert.channels.telegram_text import CAPTION, TEXT, Span, html, length, plain
from nbalert.errors import ChannelRefused
from nbalert.message import Image
from nbalert.question import Question

REMEMBERED = 200
QUIET = {"disable_notification": True}
Sent = Mapping[str, Any]


class _Known(NamedTuple):
    """What has arrived of a delivery."""

    code: Sent | None = None
    main: Sent | None = None


class Posting:
    """Of one channel.

    Args:
        thread: Topic of a forum, that all goes to; None for none.
    """

    def __init__(self, api: Api, thread: int | None) -> None:
        self._api, self._thread = api, thread
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def alert(self, chat: str, rendered: Rendered, images: Sequence[Image], key: str) -> Sent:
        """Post; a single figure carries the text, if that is short enough.

        Returns:
            The message that has the text.
        """
        every = [Attachment.of_image(one) for one in images] + [Attachment.of_text(t) for t in rendered.texts]
        files, left_out = fitting(every)
        spans = [*rendered.spans, *_note(left_out)]
        known, where = self._known.get(key, _Known()), self._where(chat)
        main = known.main
        is_short = len(files) == 1 and bool(images) and length(spans) <= CAPTION
        if main is None and is_short and (main := await self._captioned(files[0], spans, where)):
            files = []
        if main is None:
            main = await self._text(spans, where)
        self._remember(key, _Known(main=main))
        missing = await send_all(self._api, files, **where, **_replying(main), **QUIET)
        if missing:
            await self._text([*_note(missing)], {**where, **_replying(main), **QUIET})
        self._known.pop(key)
        return main

    async def native(self, chat: str, given: Mapping[str, Any]) -> Sent:
        """What the message itself has in Telegram's own form, as the arguments of sendMessage."""
        sent: Sent = await self._api.call("sendMessage", **{**_quiet_links(), **given, **self._where(chat)})
        return sent

    async def question(
        self, chat: str, spans: Sequence[Span], keyboard: Mapping[str, Any], question: Question, key: str
    ) -> Sent:
        """Post it, and before it its code as a file where that is long: nobody approves what is not there.

        Raises:
            ChannelRefused: The code is larger than the service takes.
        """
        known, where = self._known.get(key, _Known()), self._where(chat)
        code = known.code
        if code is None and (text := code_file(question)):
            code = await self._code(Attachment.of_text(text), where)
            self._remember(key, _Known(code=code))
        replying = _replying(code) if code else {}
        main = await self._text(spans, {**where, **replying, "reply_markup": keyboard})
        self._known.pop(key, None)
        return main

    async def say(self, chat: str, spans: Sequence[Span], to: int) -> None:
        """A word, as a reply."""
        await self._text(spans, {**self._where(chat), **_replying({"message_id": to})})

    async def edit(self, place: Place, spans: Sequence[Span]) -> None:
        """Put another text in place; buttons go."""
        where: dict[str, Any] = {"chat_id": place.chat, "message_id": place.message, "parse_mode": "HTML"}
        if place.is_caption:
            await self._api.call("editMessageCaption", **where, caption=html(spans, CAPTION))
        else:
            await self._api.call("editMessageText", **where, **_quiet_links(), text=html(spans, TEXT))

    async def _text(self, spans: Sequence[Span], where: Mapping[str, Any]) -> Sent:
        text = html(spans, TEXT)
        sent: Sent = await self._api.call(
            "sendMessage", **where, **_quiet_links(), text=text, parse_mode="HTML"
        )
        return sent

    async def _captioned(
        self, file: Attachment, spans: Sequence[Span], where: Mapping[str, Any]
    ) -> Sent | None:
        """The text below a figure; None where the figure cannot be sent."""
        try:
            sent = await send(self._api, [file], **where, caption=html(spans, CAPTION), parse_mode="HTML")
        except TooLarge:
            return None
        return sent[0]

    async def _code(self, file: Attachment, where: Mapping[str, Any]) -> Sent:
        too_large = f"{self._api.channel}: the code is larger than Telegram takes; nobody is asked"
        if len(file.file[1]) > FILE_BYTES:
            raise ChannelRefused(too_large)
        try:
            return (await send(self._api, [file], **where, **QUIET))[0]
        except TooLarge:
            raise ChannelRefused(too_large) from None

    def _where(self, chat: str) -> dict[str, Any]:
        return {"chat_id": chat, "message_thread_id": self._thread}

    def _remember(self, key: str, known: _Known) -> None:
        self._known[key] = known
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _replying(to: Sent) -> dict[str, Any]:
    return {"reply_parameters": {"message_id": to["message_id"], "allow_sending_without_reply": True}}


def _quiet_links() -> dict[str, Any]:
    return {"link_preview_options": {"is_disabled": True}}


def _note(left_out: Sequence[str]) -> list[Span]:
    if not left_out:
        return []
    return [BREAK, plain(f"Left out, as Telegram takes no such file: {', '.join(left_out)[:300]}")]
