"""A Discord bot: alerts as embeds, questions with buttons, answers pushed by the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from nbalert.channels.base import Channel, Extra, Member
from nbalert.channels.discord_account import ACCOUNTS, Account, has_gateway
from nbalert.channels.discord_answers import Answers, place
from nbalert.channels.discord_errors import fault, message_id
from nbalert.channels.discord_parts import Part, nonce
from nbalert.channels.discord_polling import FIRST_S, LONGEST_S, Polling
from nbalert.channels.discord_question import components
from nbalert.channels.discord_rights import members, problems
from nbalert.channels.discord_seeds import Seeds
from nbalert.channels.discord_shape import mention, parts, pings
from nbalert.channels.discord_text import escape, trimmed
from nbalert.channels.discord_title import Title
from nbalert.channels.http import Http
from nbalert.channels.listener import GAP, Listener
from nbalert.errors import ChannelDenied, ChannelError
from nbalert.fields import ChannelSettings, Secret
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Outcome, Question

CONTENT = 2000
"""Characters. Source: Discord, "Message" reference, 2026-08-06."""


class DiscordSettings(ChannelSettings):
    """Which bot, and where."""

    token: Secret = Field(description="Bot token: Developer Portal, Bot, Reset Token")
    channel: str = Field(
        pattern=r"^\d+$", description="Id of the channel: right-click on it, Copy Channel ID"
    )
    gateway: bool = Field(True, description="Whether answers are pushed, and questions have buttons")
    embed_title: Title = Field("{title}", description="Title of an alert's embed; empty for none")
    timestamp: bool = Field(True, description="Whether to show the time")
    base_url: str = Field("https://discord.com/api/v10", description="Of a Discord-compatible server")
    gateway_url: str = Field("", description="Of its gateway; empty to ask the server")


class DiscordChannel(Channel):
    """Posts, edits in place, and brings answers by button, reply and reaction."""

    kind: ClassVar[str] = "discord"
    Settings: ClassVar[type[ChannelSettings]] = DiscordSettings
    can_edit: ClassVar[bool] = True
    can_reply: ClassVar[bool] = True
    extra: ClassVar[Extra | None] = Extra("discord", ("websockets",), "buttons need")
    settings: DiscordSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._token = self.settings.token.get_secret_value()
        self._base_url = self.settings.base_url.rstrip("/") + "/"
        self._guilds: dict[str, str] = {}

    @cached_property
    def _account(self) -> Account:
        return ACCOUNTS.join(self._key, self._made)

    @cached_property
    def _http(self) -> Http:
        account = self._account
        return Http(self.name, self.settings, self._base_url, account.headers, fault, account.pace)

    @cached_property
    def _seeds(self) -> Seeds:
        return Seeds(self._http)

    @property
    def note(self) -> str:
        """How answers come, where they are not pushed."""
        if self._is_pushed:
            return self._account.trouble if "_account" in self.__dict__ else ""
        why = "gateway = false" if not self.settings.gateway else "pip install 'nbalert[discord]' for buttons"
        return f"answers are looked for every {FIRST_S:.0f} to {LONGEST_S:.0f} s ({why})"

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver, once a key as long as Discord remembers it: some minutes."""
        channel, first = message.target or self.settings.channel, ""
        asks = message.question is not None and message.decision is None
        if asks and self._is_pushed:
            await self._account.ready(self.name)
        for number, part in enumerate(self._parts(message)):
            said = pings(message if number == 0 else None)
            request = part.request(**said, nonce=nonce(key, number), enforce_nonce=True)
            answer = await self._http.request("POST", f"channels/{channel}/messages", **request)
            first = first or message_id(self.name, answer)
        receipt = Receipt(
            channel=self.name, reference=f"{channel}/{first}", link=await self._link(channel, first)
        )
        if message.question and asks:
            self._seeds.sow(receipt, message.question.policy.reactions)
        return receipt

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Put a newer version in place; with a decision the buttons go, and the asker is told."""
        channel, id_ = place(receipt)
        request = self._parts(message)[0].request(**pings(message), attachments=[])
        await self._http.request("PATCH", f"channels/{channel}/messages/{id_}", **request)
        if message.question and message.decision is not None:
            self._seeds.reap(receipt, message.question.policy.reactions)
            if message.decision.outcome is not Outcome.CANCELLED:  # the asker has done that
                asker = message.question.policy.asker
                await self._say(receipt, asker, message.decision.sentence, f"{receipt.reference}-decision")

    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """Answers given already, then new ones as they are pushed, or looked for."""
        if not self._is_pushed:
            answers = Answers(question, receipt, await self._account.me(self._http))
            async for reply in Polling(self._http, answers, question, receipt).answers():
                yield reply
            return
        listener, seen = self._account.listen(self.name, place(receipt)[1]), set[str]()
        try:
            answers = Answers(question, receipt, await self._account.me(self._http))
            polling = Polling(self._http, answers, question, receipt)
            while True:
                name, data = await listener.next()
                given = await _given(polling, listener) if name == GAP else []
                new = answers.of_event(name, data) if name != GAP else None
                for reply in [*given, *([new] if new else [])]:
                    if reply.reference not in seen:
                        seen.add(reply.reference)
                        yield reply
        finally:
            self._account.leave(listener)

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """Privately to who has clicked; else by a reply that mentions one person."""
        kind, _, rest = reply.reference.partition(":")
        if kind == "click" and await self._account.clicks.tell(rest, text):
            return
        if kind == "message":  # where it was said, which may be the question's thread
            receipt = replace(receipt, reference="/".join(rest.split(":")[:2]))
        await self._say(receipt, reply.person, text, f"{reply.reference}-response")

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """By a reply to the question."""
        channel, id_ = place(receipt)
        body = {**pings(message), **_replying(id_), "nonce": nonce(key), "enforce_nonce": True}
        part = parts(replace(message, question=None, code=""), "{title}", self.settings.timestamp)[0]
        await self._http.request("POST", f"channels/{channel}/messages", **part.request(**body))

    async def problems(self) -> list[str]:
        """Token, place, permissions, and what is switched on for the bot."""
        return await problems(self._http, self._account, self.settings.channel, self._is_pushed)

    async def members(self) -> list[Member]:
        """Of the guild, with Server Members Intent."""
        return await members(self._http, self.settings.channel)

    async def aclose(self) -> None:
        """Close all connections; the gateway with the last channel of its bot."""
        if "_seeds" in self.__dict__:
            await self._seeds.aclose()
        if "_http" in self.__dict__:
            await self._http.aclose()
        if "_account" in self.__dict__:
            await ACCOUNTS.leave(self._key)

    @property
    def _is_pushed(self) -> bool:
        return self.settings.gateway and has_gateway()

    @property
    def _key(self) -> tuple[object, ...]:
        own = self.settings
        return self._token, self._base_url, own.gateway_url, own.tls, own.network

    def _made(self) -> Account:
        return Account(self._token, self._base_url, self.settings.gateway_url, self.settings)

    def _parts(self, message: Message) -> list[Part]:
        found = parts(message, self.settings.embed_title, self.settings.timestamp)
        if message.question is None:
            return found
        asks = message.decision is None and self._is_pushed
        rows = components(message.question) if asks else []
        return [replace(found[0], fields={**found[0].fields, "components": rows}), *found[1:]]

    async def _say(self, receipt: Receipt, person: str, text: str, key: str) -> None:
        """A word to one person, as a reply; nothing where that is no id of this service."""
        said = mention([person])
        if "content" not in said:
            return
        channel, id_ = place(receipt)
        said["content"] = trimmed(f"{said['content']} {escape(text)}", CONTENT)
        body = {**said, **_replying(id_), "nonce": nonce(key), "enforce_nonce": True}
        await self._http.request("POST", f"channels/{channel}/messages", json=body)

    async def _link(self, channel: str, message: str) -> str:
        """Where the message can be looked at; the service says the guild of a channel when it is asked."""
        if channel not in self._guilds:
            try:
                answer = await self._http.request("GET", f"channels/{channel}")
                self._guilds[channel] = str(answer.json()["guild_id"])
            except (ChannelError, ValueError, KeyError, TypeError):
                return ""  # it is there all the same
        site = "/".join(self._base_url.split("/", 3)[:3])
        return f"{site}/channels/{self._guilds[channel]}/{channel}/{message}"


def _replying(message: str) -> dict[str, Any]:
    return {"message_reference": {"message_id": message, "fail_if_not_exists": False}}


async def _given(polling: Polling, listener: Listener) -> list[Reply]:
    """What was answered while nobody listened."""
    try:
        return await listener.looked_up(polling.look)
    except ChannelDenied:
        return []  # without Read Message History what is pushed has to do
