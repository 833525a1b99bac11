"""Matrix: a bot's account that posts, asks, and brings answers by reply and reaction.

message ─▶ matrix_shape ─▶ matrix_posting ─▶ homeserver ─▶ matrix_sync ─▶ matrix_account ─▶ matrix_answers
           matrix_files ─▶                ─▶            ─▶ `pages` ─────────────────────────▶
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property, partial
from typing import ClassVar

from nbalert.channels.base import Channel, Member
from nbalert.channels.listener import GAP
from nbalert.channels.matrix_account import ACCOUNTS, Account
from nbalert.channels.matrix_answers import Answers, names_of, place
from nbalert.channels.matrix_api import MatrixApi
from nbalert.channels.matrix_errors import WrongPlace
from nbalert.channels.matrix_posting import MESSAGE, posted
from nbalert.channels.matrix_rights import members, problems
from nbalert.channels.matrix_seeds import Seeds
from nbalert.channels.matrix_settings import MatrixSettings
from nbalert.channels.matrix_shape import edited, in_thread, shape, word_to
from nbalert.channels.matrix_sync import pages
from nbalert.channels.matrix_text import permalink
from nbalert.errors import ChannelRefused
from nbalert.fields import ChannelSettings
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Outcome, Question


class MatrixChannel(Channel):
    """A room that a bot is in."""

    kind: ClassVar[str] = "matrix"
    Settings: ClassVar[type[ChannelSettings]] = MatrixSettings
    can_edit: ClassVar[bool] = True
    can_reply: ClassVar[bool] = True
    settings: MatrixSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._api = MatrixApi(name, self.settings)
        self._seeds = Seeds(self._api)

    @cached_property
    def _account(self) -> Account:
        return ACCOUNTS.join(self._key, lambda: Account(self.settings))

    @property
    def note(self) -> str:
        """Why no answers come just now."""
        return self._account.trouble if "_account" in self.__dict__ else ""

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver, once a key; figures and long texts follow as files, code in question comes first."""
        me = await self._account.me(self._api)
        wanted = message.target or self.settings.room
        try:
            room = await self._account.rooms.enter(self._api, wanted, me)
            event = await posted(self._api, room, message, key)
        except WrongPlace as error:
            self._account.rooms.forget(wanted)
            if message.target:  # of this message alone: others need not wait for its being mended
                raise ChannelRefused(str(error)) from None
            raise
        link = permalink(room, event, via=me.partition(":")[2])
        receipt = Receipt(channel=self.name, reference=f"{room}/{event}", link=link)
        if message.question and message.decision is None:
            self._seeds.sow(receipt, message.question.policy.reactions)
        return receipt

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Edit in place; after a decision the bot's reactions go, and the asker is told in the thread."""
        room, event = place(receipt)
        if message.question is None:
            await self._check_there(room, event)
        content = edited(shape(message).content, event)
        key = f"{event}-{message.created_at.isoformat()}-{json.dumps(content)}"
        await self._api.send(room, MESSAGE, content, key)
        if message.question and message.decision is not None:
            self._seeds.reap(receipt, await self._account.me(self._api))
            asker = message.question.policy.asker
            if asker and message.decision.outcome is not Outcome.CANCELLED:  # the asker has done that
                said = word_to(asker, message.decision.sentence)
                await self._api.send(room, MESSAGE, in_thread(said, event), f"{event}-decision")

    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """Answers given already, then new ones as they are pushed; by the poll that all asks share."""
        room, event = place(receipt)
        me = await self._account.me(self._api)
        answers, seen = Answers(question, receipt, me), set[str]()
        listener = self._account.listen(self.name, room, event, me)
        try:
            while True:
                name, data = await listener.next()
                if name == GAP:
                    new = await listener.looked_up(partial(self._given, answers, receipt, me))
                else:
                    new = answers.of(data["events"], data["names"])
                for reply in new:
                    if reply.reference not in seen:
                        seen.add(reply.reference)
                        yield reply
        finally:
            self._account.leave(room, listener)

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """In the question's thread, by a word that notifies one person; others can read it."""
        room, event = place(receipt)
        said = in_thread(word_to(reply.person, text), event)
        await self._api.send(room, MESSAGE, said, f"{reply.reference}-{text}")

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """In the question's thread."""
        room, event = place(receipt)
        said = shape(replace(message, question=None, code="")).content
        await self._api.send(room, MESSAGE, in_thread(said, event), key)

    async def problems(self) -> list[str]:
        """Token, room, rights in it, and approvers who are not there."""
        return await problems(self._api, self._account, self.settings)

    async def members(self) -> list[Member]:
        """Of the room."""
        return await members(self._api, self._account, self.settings)

    async def aclose(self) -> None:
        """Close all connections; the poll with the last channel of its account."""
        await self._seeds.aclose()
        await self._api.aclose()
        if "_account" in self.__dict__:
            await ACCOUNTS.leave(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        own = self.settings
        return own.homeserver, own.token.get_secret_value(), own.tls, own.network

    async def _check_there(self, room: str, event: str) -> None:
        """A homeserver takes an edit also of what was redacted, and nobody sees it."""
        found = await self._api.get("rooms", room, "event", event)
        if not found.get("content"):
            raise ChannelRefused(f"{self.name}: the message was removed")

    async def _given(self, answers: Answers, receipt: Receipt, me: str) -> list[Reply]:
        """What was answered while nobody listened."""
        room, event = place(receipt)
        around = await self._api.get("rooms", room, "context", event, query={"limit": "0"})
        answers.asked_ms = (around.get("event") or {}).get("origin_server_ts")
        found = answers.of(around.get("events_after") or [], names_of(around.get("state") or []))
        async for page in pages(self._api, room, me, {"from": str(around.get("end"))}):
            found += answers.of(page.get("chunk") or [], names_of(page.get("state") or []))
        return found
