"""A Mattermost incoming webhook: alerts by an address that somebody there has made. It cannot ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import httpx

from nbalert.channels.base import Channel
from nbalert.channels.http import Http
from nbalert.channels.mattermost_errors import fault, foreign, placing
from nbalert.channels.mattermost_pace import MattermostPace
from nbalert.channels.mattermost_settings import MattermostWebhookSettings
from nbalert.channels.mattermost_shape import render
from nbalert.errors import ChannelRefused
from nbalert.fields import ChannelSettings
from nbalert.message import Message, Receipt


class MattermostWebhookChannel(Channel):
    """Posts by an address that is a secret. It cannot edit, take files or bring answers.

    There is no key: a message whose answer was lost arrives twice.
    """

    kind: ClassVar[str] = "mattermost-webhook"
    Settings: ClassVar[type[ChannelSettings]] = MattermostWebhookSettings
    settings: MattermostWebhookSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._url = self.settings.url.get_secret_value()
        base = f"{httpx.URL(self._url).scheme}://"
        self._http = Http(name, settings, base, fault=fault, pace=MattermostPace())

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver; what is left out says so."""
        if message.question:
            raise ChannelRefused(
                f"{self.name}: a webhook cannot bring answers; ask on a channel of kind mattermost"
            )
        with placing(message):
            answer = await self._http.request("POST", self._url, json=self._body(message))
        if answer.text.strip() != "ok":
            raise foreign(self.name, answer)
        return Receipt(channel=self.name, reference=key)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _body(self, message: Message) -> dict[str, Any]:
        look = self.settings
        given = {
            "channel": message.target or look.channel,
            "username": look.username,
            "icon_url": look.icon_url,
        }
        # People of a webhook are named by their usernames: there is nobody to ask for an id.
        people = {name: name.removeprefix("@") for name in message.mention}
        rendered = render(_with_note(message), people)
        body = {"text": rendered.text, "attachments": list(rendered.attachments)}
        return {**{name: value for name, value in given.items() if value}, **body}


def _with_note(message: Message) -> Message:
    """Figures do not fit through a webhook."""
    if not message.images:
        return message
    note = f"({len(message.images)} figure(s) left out: a webhook takes no files)"
    return replace(message, text=f"{message.text}\n{note}".strip())
