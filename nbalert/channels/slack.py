"""Slack: a bot that posts, asks with buttons, and brings answers.

message ─▶ slack_blocks ─▶ slack_posting ─▶ Slack ─▶ slack_socket ─▶ slack_board ─┐
           slack_files ──────────────────▶       ─▶ slack_polling ────────────────┴▶ slack_asks ─▶ replies
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, ClassVar

from nbalert.channels.base import Channel, Extra, Member
from nbalert.channels.slack_answers import SEEDS, Place, time_of
from nbalert.channels.slack_api import SlackApi
from nbalert.channels.slack_asks import Asks
from nbalert.channels.slack_blocks import NATIVE, Rendered, render
from nbalert.channels.slack_checks import members, problems
from nbalert.channels.slack_errors import SlackDenied, SlackRefused, WrongPlace
from nbalert.channels.slack_files import File, Uploads
from nbalert.channels.slack_posting import Found, Posting
from nbalert.channels.slack_question import ending
from nbalert.channels.slack_settings import SlackSettings
from nbalert.channels.slack_words import context, escaped, mention
from nbalert.errors import ChannelError, ChannelRefused
from nbalert.fields import ChannelSettings
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Question

log = logging.getLogger(__name__)

DEAF = "Buttons reach nobody just now: please reply in this thread, or react with ✅ or ❌."
ON_ITS_WAY = "Its code is on its way as a file in the thread; then it can be answered."


class SlackChannel(Channel):
    """A conversation that a Slack app's bot is in."""

    kind: ClassVar[str] = "slack"
    Settings: ClassVar[type[ChannelSettings]] = SlackSettings
    can_edit: ClassVar[bool] = True
    edits_files: ClassVar[bool] = True
    can_reply: ClassVar[bool] = True
    extra: ClassVar[Extra | None] = Extra("slack", ("slack_sdk", "aiohttp"), "buttons need")
    settings: SlackSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._api = SlackApi(name, settings, self.settings.base_url, self.settings.token.get_secret_value())
        self._posting = Posting(self._api)
        self._uploads = Uploads(name, settings, self._api)
        self._asks = Asks(name, self.settings, self._api, self._without_buttons)
        self._editing = asyncio.Lock()

    @property
    def note(self) -> str:
        """Why answers are slow."""
        return self._asks.note

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver, once as far as Slack's history can tell; figures and long texts go into the thread."""
        rendered = await self._rendered(message)
        is_late = message.question is not None and message.decision is None and not rendered.has_whole_code
        first = await self._rendered(_announced(message)) if is_late else rendered
        found = await self._posted(message, first, key)
        left_out = await self._shared(found, message, rendered)
        if is_late and left_out:
            await self._withdraw(found.place, message)
            raise ChannelRefused(
                f"{self.name}: the code cannot be shown whole, so nobody is asked: {left_out}"
            )
        if is_late:
            await self._edit(found.place, rendered)
        elif left_out:
            await self._edit(found.place, rendered, f"Not attached: {left_out}")
        if message.question and message.decision is None:
            await self._seed(found.place, message.question)
        return await self._receipt(found.place)

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Edit in place; a decision takes the buttons away, and the asker is told in the thread."""
        place = Place.of(receipt.reference)
        if message.decision is not None:
            self._asks.ended.add(place)
        rendered = await self._rendered(message)
        async with self._editing:
            await self._edit(place, rendered)
        if message.question is None and (
            left_out := await self._shared(Found(place, False), message, rendered)
        ):
            await self._edit(place, rendered, f"Not attached: {left_out}")
        asker = message.question.policy.asker if message.question else ""
        if message.decision is not None and asker:
            text = f"{mention(asker)} {escaped(ending(message))}"
            key = f"{receipt.reference}-decided"
            await self._posting.once(place.channel, {"text": text}, key, message.created_at, place.ts)

    async def replies(self, question: Question, receipt: Receipt) -> AsyncGenerator[Reply, None]:
        """Clicks, replies in the thread and the two reactions, pushed or read."""
        async with aclosing(self._asks.replies(question, receipt.reference)) as replies:
            async for reply in replies:
                yield reply

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """Tell one person, in the thread or beside the buttons, of a bot, all in the thread."""
        place = Place.of(receipt.reference)
        if reply.is_bot:
            said = {"text": escaped(text), "thread_ts": place.ts}
            await self._api.call("chat.postMessage", channel=place.channel, **said)
            return
        thread = place.ts if reply.way == "reply" else ""
        await self._asks.tell(place.channel, reply.person, text, thread)

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """In the question's thread."""
        place = Place.of(receipt.reference)
        rendered = await self._rendered(message)
        await self._posting.once(place.channel, rendered.arguments, key, message.created_at, place.ts)

    async def problems(self) -> list[str]:
        """Token, scopes, membership and app token."""
        return await problems(self.name, self.settings, self._api)

    async def members(self) -> list[Member]:
        """Of the conversation, with `channels:read` or `groups:read`, and `users:read` for names."""
        return await members(self.settings.channel, self._api)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._uploads.aclose()
        await self._api.aclose()

    async def _rendered(self, message: Message) -> Rendered:
        people = message.question.policy.approvers if message.question else ()
        names = {id_: (await self._api.person(id_)).name for id_ in people if id_.startswith(("U", "W"))}
        return render(message, has_buttons=self._asks.has_buttons, names=names)

    async def _posted(self, message: Message, rendered: Rendered, key: str) -> Found:
        to = message.target or self.settings.channel
        try:
            return await self._posting.once(to, rendered.arguments, key, message.created_at)
        except WrongPlace as error:
            if message.target:  # of this message alone: others need not wait for its being mended
                raise ChannelRefused(str(error)) from None
            raise

    async def _shared(self, found: Found, message: Message, rendered: Rendered) -> str:
        """Files into the thread; why they are not there, where that will not change."""
        files = [File.of_image(image) for image in message.images]
        files += [File.of_text(*text) for text in rendered.files]
        try:
            if files and (found.is_new or not await self._uploads.are_there(found.place)):
                await self._uploads.share(found.place, files)
        except (SlackDenied, SlackRefused) as error:
            return str(error).removeprefix(f"{self.name}: ")
        return ""

    async def _edit(self, place: Place, rendered: Rendered, note: str = "") -> None:
        shown = {name: value for name, value in rendered.arguments.items() if name in NATIVE}
        if note:
            shown["blocks"] = [*shown["blocks"], context(escaped(note))]
        await self._api.call("chat.update", channel=place.channel, ts=place.ts, **shown)

    async def _withdraw(self, place: Place, message: Message) -> None:
        said = replace(message, question=None, code="", text="Not asked: its code cannot be shown whole.")
        with suppress(ChannelError):
            await self._edit(place, await self._rendered(said))

    async def _seed(self, place: Place, question: Question) -> None:
        """The two reactions, to be clicked on; without them people can still give them."""
        for name, sign in SEEDS.items():
            if sign in question.policy.reactions:
                with suppress(ChannelError):
                    await self._api.call(
                        "reactions.add", channel=place.channel, timestamp=place.ts, name=name
                    )

    async def _receipt(self, place: Place) -> Receipt:
        url = ""
        with suppress(ChannelError):  # a link is not worth another try
            url = (await self._api.identity()).url
        return Receipt(
            channel=self.name, reference=place.reference, link=place.link(url), posted_at=time_of(place.ts)
        )

    async def _without_buttons(self, place: Place) -> None:
        """Clicks would go to somebody else: ask for what can be read."""
        async with self._editing:
            where = {"channel": place.channel, "ts": place.ts}
            answer = await self._api.call("conversations.replies", **where, limit=1)
            said: dict[str, Any] = next(iter(answer.get("messages", ())), {})
            blocks = [block for block in said.get("blocks", ()) if block.get("type") != "actions"]
            if place in self._asks.ended or len(blocks) == len(said.get("blocks", ())):
                return
            blocks.append(context(DEAF))
            text = str(said.get("text", ""))[:4000]
            await self._api.call("chat.update", **where, text=text, blocks=blocks)


def _announced(message: Message) -> Message:
    """A question before all of it can be seen: nobody can answer it."""
    return replace(message, question=None, code="", text=f"{message.text}\n{ON_ITS_WAY}".strip())
