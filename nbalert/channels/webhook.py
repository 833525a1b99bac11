"""A plain webhook: the message as JSON, by POST."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from nbalert.channels.base import Channel
from nbalert.channels.http import Http
from nbalert.errors import ChannelRefused
from nbalert.fields import ChannelSettings, SecretUrl
from nbalert.message import Message, Receipt


class WebhookSettings(ChannelSettings):
    """Where to."""

    url: SecretUrl = Field(description="Address that takes the POST")


class WebhookChannel(Channel):
    """Posts `{"type": "nbalert.message", "data": {…}}`; the header `webhook-id` is the same for every try."""

    kind: ClassVar[str] = "webhook"
    Settings: ClassVar[type[ChannelSettings]] = WebhookSettings
    settings: WebhookSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._http = Http(name, settings)

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver; any 2xx is a receipt, a redirect is refused."""
        if message.question:
            raise ChannelRefused(
                f"channel {self.name}: a webhook cannot bring answers; ask on another channel"
            )
        body = {"type": "nbalert.message", "data": message.to_json()}
        await self._http.request(
            "POST", self.settings.url.get_secret_value(), json=body, headers={"webhook-id": key}
        )
        return Receipt(channel=self.name, reference=key)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()
