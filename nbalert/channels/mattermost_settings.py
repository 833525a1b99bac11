"""What the settings of Mattermost's channels say."""

from __future__ import annotations

from typing import Annotated, Literal

import httpx
from pydantic import AfterValidator, Field, SecretStr

from nbalert.fields import ChannelSettings, Secret, SecretUrl


def _address(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("https", "http") or not parsed.host:
        raise ValueError("is the address of the server: https://chat.example.org")
    return url.rstrip("/").removesuffix("/api/v4")


def _hook(url: SecretStr) -> SecretStr:
    try:
        parsed = httpx.URL(url.get_secret_value())
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("https", "http") or "/hooks/" not in parsed.path:
        raise ValueError("is the webhook's URL: https://…/hooks/…")
    return url


class MattermostSettings(ChannelSettings):
    """Which bot, and where."""

    url: Annotated[str, AfterValidator(_address)] = Field(
        description="Address of the server: https://chat.example.org"
    )
    token: Secret = Field(description="Token of a bot: Integrations, Bot Accounts")
    channel: str = Field(description="Id of the channel (View Info), or TEAM/NAME as in its URL")
    websocket: bool = Field(True, description="Whether answers are pushed")
    priority: Literal["", "important", "urgent"] = Field(
        "", description="Label of critical alerts, where the server's edition has priorities"
    )


class MattermostWebhookSettings(ChannelSettings):
    """Which webhook, and how it looks."""

    url: Annotated[SecretUrl, AfterValidator(_hook)] = Field(
        description="The webhook's URL: Integrations, Incoming Webhooks"
    )
    channel: str = Field("", description="Name of another channel than its own, where it is not locked")
    username: str = Field("", description="Name that it posts under, where the server allows that")
    icon_url: str = Field("", description="Picture that it posts with, where the server allows that")
