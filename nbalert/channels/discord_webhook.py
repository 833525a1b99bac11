"""A Discord webhook: alerts into one channel, by an address that somebody there has made. It cannot ask."""

from __future__ import annotations

from typing import Annotated, ClassVar

import httpx
from pydantic import AfterValidator, Field, SecretStr

from nbalert.channels.base import Channel
from nbalert.channels.discord_errors import fault, message_id
from nbalert.channels.discord_pace import DiscordPace
from nbalert.channels.discord_parts import Part
from nbalert.channels.discord_shape import parts, pings
from nbalert.channels.discord_title import Title
from nbalert.channels.http import Http
from nbalert.errors import ChannelDenied, ChannelRefused
from nbalert.fields import ChannelSettings, SecretUrl
from nbalert.message import Message, Receipt

REMEMBERED = 100
"""Deliveries of which a part has arrived: another try goes on with the rest."""


def _address(url: SecretStr) -> SecretStr:
    try:
        parsed = httpx.URL(url.get_secret_value())
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("https", "http") or not parsed.host:
        raise ValueError("has to start with https://; copy it from the channel's settings, Integrations")
    return url


class DiscordWebhookSettings(ChannelSettings):
    """Where to, and how it looks."""

    url: Annotated[SecretUrl, AfterValidator(_address)] = Field(
        description="Webhook URL: channel settings, Integrations, Webhooks"
    )
    username: str = Field("", description="Name to post under, instead of the webhook's own", max_length=80)
    avatar_url: str = Field("", description="Picture to post under, instead of the webhook's own")
    embed_title: Title = Field("{title}", description="Title of the embed; empty for none")
    timestamp: bool = Field(True, description="Whether to show the time")


class DiscordWebhookChannel(Channel):
    """Posts embeds, and edits them in place."""

    kind: ClassVar[str] = "discord-webhook"
    Settings: ClassVar[type[ChannelSettings]] = DiscordWebhookSettings
    can_edit: ClassVar[bool] = True
    settings: DiscordWebhookSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        url = httpx.URL(self.settings.url.get_secret_value())
        self._thread = dict(url.params)
        self._url = str(url.copy_with(query=None)).rstrip("/")
        self._http = Http(name, settings, f"{url.scheme}://", fault=fault, pace=DiscordPace())
        self._arrived: dict[str, list[str]] = {}

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver; of a message in several parts those that have not arrived yet.

        A webhook has no idempotency key: where an answer is lost, the next try is a second message.
        """
        if message.question:
            raise ChannelRefused(
                f"channel {self.name}: a webhook cannot bring answers; ask on another channel"
            )
        arrived = self._arrived.setdefault(key, [])
        while len(self._arrived) > REMEMBERED:
            del self._arrived[next(iter(self._arrived))]
        for number, part in list(enumerate(self._parts(message)))[len(arrived) :]:
            arrived.append(await self._execute(part, message if number == 0 else None))
        self._arrived.pop(key, None)
        return Receipt(channel=self.name, reference=arrived[0])

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Put a newer version in place of the first part."""
        request = self._parts(message)[0].request(**pings(message), attachments=[])
        url = f"{self._url}/messages/{receipt.reference}"
        await self._http.request("PATCH", url, params=self._thread, **request)

    async def problems(self) -> list[str]:
        """Whether the webhook is still there; it needs no other right."""
        try:
            await self._http.request("GET", self._url)
        except ChannelDenied as error:
            return [str(error)]
        return []

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _parts(self, message: Message) -> list[Part]:
        return parts(message, self.settings.embed_title, self.settings.timestamp)

    async def _execute(self, part: Part, mentioning: Message | None) -> str:
        """Post one part; its id."""
        look = {"username": self.settings.username, "avatar_url": self.settings.avatar_url}
        given = {name: value for name, value in look.items() if value}
        request = part.request(**pings(mentioning), **given)
        # Without wait, a message that is not kept fails without a word.
        answer = await self._http.request(
            "POST", self._url, params={**self._thread, "wait": "true"}, **request
        )
        return message_id(self.name, answer)
