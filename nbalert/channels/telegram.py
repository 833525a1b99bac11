"""Telegram: a bot that posts, asks with buttons, and brings answers over one long poll.

message ─▶ telegram_message ─▶ telegram_posting ─▶ Telegram ─▶ telegram_updates ─▶ telegram_answers ─▶ replies
           telegram_question                              one a bot: telegram_account
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from nbalert.channels.base import Channel, Member
from nbalert.channels.telegram_account import ACCOUNTS, Account
from nbalert.channels.telegram_answers import Place, link_to, reply_of
from nbalert.channels.telegram_api import Api
from nbalert.channels.telegram_errors import Gone, Migrated, Unchanged
from nbalert.channels.telegram_message import NATIVE, mentions, render
from nbalert.channels.telegram_posting import Posting, Sent
from nbalert.channels.telegram_question import keyboard, question_spans
from nbalert.channels.telegram_rights import is_admin, members, problems
from nbalert.channels.telegram_text import Span, mention, plain
from nbalert.errors import ChannelRefused
from nbalert.fields import ChannelSettings, Secret
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Outcome, Question

ANONYMOUS = "anonymous answers do not count: nobody can tell whose they are; switch Remain Anonymous off"


class TelegramSettings(ChannelSettings):
    """Which bot, and where."""

    token: Secret = Field(description="Bot token: @BotFather, /newbot or /mybots, API Token")
    chat: str = Field(
        pattern=r"^(-?\d+|@\w+)$",
        description="Id of the group (-100…) or person, or @name of a channel; the bot is in it",
    )
    thread: int | None = Field(None, description="Id of a topic, in a group that has topics")
    base_url: str = Field("https://api.telegram.org", description="Of a Bot API server of your own")


class TelegramChannel(Channel):
    """Posts, edits in place, and brings answers by button, by reply, and to an admin bot by reaction."""

    kind: ClassVar[str] = "telegram"
    Settings: ClassVar[type[ChannelSettings]] = TelegramSettings
    can_edit: ClassVar[bool] = True
    can_reply: ClassVar[bool] = True
    settings: TelegramSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        token = self.settings.token.get_secret_value()
        self._address = f"{self.settings.base_url.rstrip('/')}/bot{token}/"

    @cached_property
    def _account(self) -> Account:
        return ACCOUNTS.join(self._key, lambda: Account(self._address, self.settings))

    @cached_property
    def _api(self) -> Api:
        account = self._account
        return Api(self.name, self.settings, self._address, account.pace, account.moved)

    @cached_property
    def _posting(self) -> Posting:
        return Posting(self._api, self.settings.thread)

    @property
    def note(self) -> str:
        """Why answers do not come, and where the group has gone."""
        if "_account" not in self.__dict__:
            return ""
        moved = self._account.moved.get(self.settings.chat, "")
        said = [f'the group has become a supergroup: set chat = "{moved}"'] if moved else []
        return "; ".join([*said, *filter(None, [self._account.updates.trouble])])

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver; where an answer is lost, the next try is a second message."""
        chat = message.target or self.settings.chat
        if message.question and message.decision is None:
            await self._account.ready(self.name)
            spans = await self._spans(message, chat)
            buttons = keyboard(message.question)
            sent = await self._posting.question(chat, spans, buttons, message.question, key)
        elif native := message.native.get(NATIVE):
            sent = await self._posting.native(chat, native)
        else:
            rendered = render(message, await self._names(chat, message.mention))
            sent = await self._posting.alert(chat, rendered, message.images, key)
        return self._receipt(sent)

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Put a newer version in place; with a decision the buttons go, and the asker is told."""
        place = Place.of(receipt.reference)
        try:
            with suppress(Unchanged):
                await self._posting.edit(place, await self._spans(message, place.chat))
        except (Gone, Migrated):  # deleted, or left behind in the group that was
            if message.question is None:
                raise
            await self.post(message, f"{receipt.reference}-update")
        if message.question is None or message.decision is None:
            return
        if message.decision.outcome is not Outcome.CANCELLED:  # the asker has done that
            await self._say(place, place.message, message.question.policy.asker, message.decision.sentence)

    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """Clicks, replies and the two reactions, as Telegram tells of them."""
        place, seen = Place.of(receipt.reference), set[str]()
        listener = self._account.listen(self.name, (place.chat, place.message))
        try:
            while True:
                reply = reply_of(await listener.next(), question, receipt)
                if reply and reply.reference not in seen:
                    seen.add(reply.reference)
                    yield reply
        finally:
            self._account.leave(listener)

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """In a window to who has clicked; else by a reply."""
        kind, _, rest = reply.reference.partition(":")
        if kind == "click" and await self._account.clicks.tell(rest, text):
            return
        place = Place.of(receipt.reference)
        to = int(rest.split(":")[1]) if kind == "message" else place.message
        is_nobody = reply.person.startswith("-")
        await self._say(place, to, "" if is_nobody else reply.person, ANONYMOUS if is_nobody else text, True)

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """By a reply to the question."""
        place = Place.of(receipt.reference)
        rendered = render(message, await self._names(place.chat, message.mention))
        await self._posting.say(place.chat, rendered.spans, place.message)

    async def problems(self) -> list[str]:
        """Token, webhook, chat, and what the bot may do there."""
        return await problems(self._api, self._account, self.settings.chat)

    async def members(self) -> list[Member]:
        """The admins of the chat."""
        return await members(self._api, self.settings.chat)

    async def aclose(self) -> None:
        """Close all connections; the long poll with the last channel of its bot."""
        if "_api" in self.__dict__:
            await self._api.aclose()
        if "_account" in self.__dict__:
            await ACCOUNTS.leave(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        return self._address, self.settings.tls, self.settings.network

    async def _spans(self, message: Message, chat: str) -> tuple[Span, ...]:
        if message.question is None:
            return render(message, await self._names(chat, message.mention)).spans
        people = (*message.question.policy.approvers, *message.mention)
        names = await self._names(chat, people)
        has_reactions = message.decision is None and await is_admin(self._api, self._account, chat)
        spans = question_spans(message, message.question, names, has_reactions)
        return (*mentions(message, names), *spans)

    async def _names(self, chat: str, people: Iterable[str]) -> dict[str, str]:
        return await self._account.names(self._api, chat, tuple(people))

    async def _say(self, place: Place, to: int, person: str, text: str, is_for_all: bool = False) -> None:
        """A word to one person; nothing where that is no id of this service, unless anybody may read it."""
        who = [mention(person, (await self._names(place.chat, [person])).get(person, ""))] if person else []
        if person.isdecimal() or is_for_all:
            await self._posting.say(place.chat, [*who, plain(f" {text}".lstrip("" if who else " "))], to)

    def _receipt(self, sent: Sent) -> Receipt:
        chat: dict[str, Any] = sent.get("chat") or {}
        try:
            place = Place(str(chat["id"]), int(sent["message_id"]), int(sent["date"]), "text" not in sent)
        except (KeyError, TypeError, ValueError):
            raise ChannelRefused(f"{self.name}: Telegram has confirmed no message") from None
        return Receipt(channel=self.name, reference=place.reference, link=link_to(chat, place.message))
