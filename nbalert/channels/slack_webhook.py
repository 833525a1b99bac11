"""Slack's incoming webhooks: the same messages, posted only."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from nbalert.channels.base import Channel
from nbalert.channels.http import Http
from nbalert.channels.slack_account import Account
from nbalert.channels.slack_blocks import NATIVE, render
from nbalert.channels.slack_settings import SlackWebhookSettings
from nbalert.errors import ChannelRefused, ChannelUnreachable
from nbalert.fields import ChannelSettings
from nbalert.message import Message, Receipt


class SlackWebhookChannel(Channel):
    """Posts by an address that is a secret. It cannot edit, take files or bring answers.

    There is no key: a message whose answer was lost arrives twice.
    """

    kind: ClassVar[str] = "slack-webhook"
    Settings: ClassVar[type[ChannelSettings]] = SlackWebhookSettings
    settings: SlackWebhookSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._http = Http(name, settings)
        self._pace = Account()

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver; what is left out says so."""
        if message.question:
            raise ChannelRefused(
                f"{self.name}: a webhook cannot bring answers; ask on a channel of kind slack"
            )
        rendered = render(_with_note(message))
        body = {name: value for name, value in rendered.arguments.items() if name in NATIVE}
        await self._pace.turn("")
        answer = await self._http.request("POST", self.settings.url.get_secret_value(), json=body)
        if answer.text.strip() != "ok":
            raise ChannelUnreachable(
                f"{self.name}: {answer.url.host} has not answered as a webhook of Slack does; check url"
            )
        return Receipt(channel=self.name, reference=key)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()


def _with_note(message: Message) -> Message:
    """Figures do not fit through a webhook."""
    if not message.images:
        return message
    note = f"({len(message.images)} figure(s) left out: a webhook takes no files)"
    return replace(message, text=f"{message.text}\n{note}".strip())
