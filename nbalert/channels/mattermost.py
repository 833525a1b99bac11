"""A Mattermost bot: posts with attachments, questions answered in their thread or by reaction, pushed.

message ─▶ mattermost_shape ─▶ mattermost_posting ─▶ Mattermost ─▶ mattermost_socket ──┐
           mattermost_question                                 ─▶ mattermost_reading ─┴▶ replies
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from nbalert.channels.base import Channel, Extra, Member
from nbalert.channels.listener import GAP, Listener
from nbalert.channels.mattermost_account import ACCOUNTS, Account, has_websocket
from nbalert.channels.mattermost_answers import DELETED, Answers, place, time_of
from nbalert.channels.mattermost_api import Api
from nbalert.channels.mattermost_checks import members, problems
from nbalert.channels.mattermost_errors import Gone, TooOld, placing
from nbalert.channels.mattermost_posting import FILES, NotUploaded, Posting
from nbalert.channels.mattermost_reading import Reading
from nbalert.channels.mattermost_seeds import reap, sow
from nbalert.channels.mattermost_settings import MattermostSettings
from nbalert.channels.mattermost_shape import Rendered, render
from nbalert.channels.mattermost_text import escape, mentions
from nbalert.errors import ChannelDenied, ChannelRefused
from nbalert.fields import ChannelSettings
from nbalert.message import Level, Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Outcome, Question

FIRST_S, LONGEST_S = 3.0, 10.0
"""Between two looks where nothing is pushed. A look takes two requests."""


class MattermostChannel(Channel):
    """Posts, edits in place, and brings answers by reply and reaction."""

    kind: ClassVar[str] = "mattermost"
    Settings: ClassVar[type[ChannelSettings]] = MattermostSettings
    can_edit: ClassVar[bool] = True
    can_reply: ClassVar[bool] = True
    extra: ClassVar[Extra | None] = Extra("mattermost", ("websockets",), "answers at once need")
    settings: MattermostSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._token = self.settings.token.get_secret_value()

    @cached_property
    def _account(self) -> Account:
        return ACCOUNTS.join(self._key, lambda: Account(self.settings.url, self._token, self.settings))

    @cached_property
    def _api(self) -> Api:
        return Api(self.name, self.settings, self.settings.url, self._token, self._account.known)

    @cached_property
    def _posting(self) -> Posting:
        return Posting(self._api)

    @property
    def note(self) -> str:
        """How answers come, where they are not pushed."""
        if self._is_pushed:
            return self._account.trouble if "_account" in self.__dict__ else ""
        why = "websocket = false" if not self.settings.websocket else "pip install 'nbalert[mattermost]'"
        return f"answers are looked for every {FIRST_S:.0f} to {LONGEST_S:.0f} s ({why})"

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver, once a key; files that one post does not take go into its thread."""
        with placing(message):
            return await self._post(message, key)

    async def _post(self, message: Message, key: str) -> Receipt:
        channel = await self._api.place(message.target or self.settings.channel)
        rendered = await self._rendered(message)
        head, rest = rendered.files[:FILES], rendered.files[FILES:]
        body, at = self._body(message, rendered), message.created_at
        try:
            post = await self._posting.once(channel, body, key, at, head)
        except NotUploaded as error:
            if not rendered.has_whole_code:
                raise ChannelRefused(f"{error}; the code cannot be shown whole, so nobody is asked") from None
            rest = ()
            post = await self._posting.once(channel, _noted(body, str(error)), key, at)
        for n in range(0, len(rest), FILES):
            more = {"message": "", "root_id": post["id"]}
            await self._posting.once(channel, more, f"{key}/{n}", at, rest[n : n + FILES])
        if message.question and message.decision is None:
            await sow(self._api, post["id"], message.question)
        return self._receipt(post)

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Put a newer version in place; with a decision our reactions go, and the asker is told."""
        id_ = place(receipt)[1]
        said, rendered = "", await self._rendered(message)
        old = await self._api.call("GET", f"posts/{id_}")
        body = self._body(message, rendered, old.get("props") or {})
        patch = {name: body[name] for name in ("message", "props")}
        try:
            await self._api.call("PUT", f"posts/{id_}/patch", json=patch)
        except TooOld:
            if message.question is None:
                raise
            said = body["message"]
        if message.question and message.decision is not None:
            await reap(self._api, id_, message.question)
            if message.decision.outcome is not Outcome.CANCELLED:  # the asker has done that
                names = await self._api.usernames([message.question.policy.asker])
                told = f"{mentions(names.values())} {escape(message.decision.sentence)}"
                said = told if names else said
        if said:
            await self._say(receipt, {"message": said}, f"{receipt.reference}-decision")

    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """Answers given already, then new ones as they are pushed, or looked for."""
        answers = Answers(question, receipt, (await self._api.me()).id)
        reading, seen = Reading(self._api, answers, place(receipt)[1]), set[str]()
        listener = self._listener(place(receipt)[1])
        pause_s = 0.0 if self._is_pushed else FIRST_S
        try:
            while True:
                event, data = await listener.next()
                if event == GAP:
                    given = await _looked(reading, listener, pause_s)
                    pause_s = min(1.2 * pause_s, LONGEST_S)
                else:
                    if event == DELETED and data.get("id") == place(receipt)[1]:
                        raise Gone(f"{self.name}: the question was deleted, so nobody can answer it")
                    given = [reply for reply in [answers.of_event(event, data)] if reply]
                for reply in given:
                    if reply.reference not in seen:
                        seen.add(reply.reference)
                        yield await self._named(reply)
        finally:
            if self._is_pushed:
                self._account.leave(listener)

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """To one person alone where the server lets the bot do that; else in the thread, with a mention."""
        channel, id_ = place(receipt)
        known = self._account.known
        if known.may_whisper and not reply.is_bot:
            said = {"channel_id": channel, "root_id": id_, "message": escape(text)}
            try:
                await self._api.call("POST", "posts/ephemeral", json={"user_id": reply.person, "post": said})
                return
            except ChannelDenied:
                known.may_whisper = False
        name = (await self._api.person(reply.person)).name
        told = {"message": f"{mentions([name])} {escape(text)}"}
        await self._say(receipt, told, f"{reply.reference}-response")

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """In the question's thread."""
        said = replace(message, question=None, code="")
        await self._say(receipt, self._body(said, await self._rendered(said)), key)

    async def problems(self) -> list[str]:
        """Token, place, membership, rights, and what is needed for answers to be pushed."""
        return await problems(self._api, self.settings.channel)

    async def members(self) -> list[Member]:
        """Of the channel."""
        return await members(self._api, self.settings.channel)

    async def aclose(self) -> None:
        """Close all connections; the websocket with the last channel of its bot."""
        if "_api" in self.__dict__:
            await self._api.aclose()
        if "_account" in self.__dict__:
            await ACCOUNTS.leave(self._key)

    @property
    def _is_pushed(self) -> bool:
        return self.settings.websocket and has_websocket()

    @property
    def _key(self) -> tuple[object, ...]:
        return self.settings.url, self._token, self.settings.tls, self.settings.network

    def _listener(self, post: str) -> Listener:
        if self._is_pushed:
            return self._account.listen(self.name, post)
        alone = Listener(self.name, self.name, post)
        alone.gap()
        return alone

    async def _rendered(self, message: Message) -> Rendered:
        approvers = message.question.policy.approvers if message.question else ()
        return render(message, await self._api.usernames([*message.mention, *approvers]))

    def _body(
        self, message: Message, rendered: Rendered, props: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        own = {"attachments": list(rendered.attachments)} if rendered.attachments else {}
        body: dict[str, Any] = {
            "message": rendered.text,
            "props": {**(props or {}), **(rendered.props or {}), **own},
        }
        if self.settings.priority and message.level is Level.CRITICAL:
            body["metadata"] = {"priority": {"priority": self.settings.priority}}
        return body

    async def _say(self, receipt: Receipt, body: Mapping[str, Any], key: str) -> None:
        """In the thread; a reply has no priority."""
        channel, id_ = place(receipt)
        said = {name: body[name] for name in ("message", "props") if name in body}
        await self._posting.once(channel, {**said, "root_id": id_}, key, receipt.posted_at)

    async def _named(self, reply: Reply) -> Reply:
        person = await self._api.person(reply.person)
        return replace(reply, name=person.shown, is_bot=reply.is_bot or person.is_bot)

    def _receipt(self, post: Mapping[str, Any]) -> Receipt:
        return Receipt(
            channel=self.name,
            reference=f"{post['channel_id']}/{post['id']}",
            link=f"{self.settings.url}/_redirect/pl/{post['id']}",
            posted_at=time_of(post["create_at"]),
        )


def _noted(body: Mapping[str, Any], why: str) -> dict[str, Any]:
    """The same, and what is not attached to it."""
    first, *others = body["props"].get("attachments") or [{}]
    first = {**first, "text": f"{first.get('text', '')}\nNot attached: {escape(why)}".strip()}
    return {**body, "props": {**body["props"], "attachments": [first, *others]}}


async def _looked(reading: Reading, listener: Listener, pause_s: float) -> list[Reply]:
    """What there is; where that cannot be read now, later.

    Args:
        pause_s: Until the next look; zero where answers are pushed.
    """

    async def look() -> list[Reply]:
        found = await reading.look()
        if pause_s:
            listener.again_in(pause_s)
        return found

    return await listener.looked_up(look)
