"""What the settings of an inbox say."""

from __future__ import annotations

from pydantic import Field

from nbalert.fields import ChannelSettings, Secret


class InboxSettings(ChannelSettings):
    """Which inbox. Without a URL it is the one that the courier itself serves."""

    url: str = Field("", description="Address of a team's inbox; empty for the built-in one")
    token: Secret | None = Field(None, description="Token of `nbalert inbox sender NAME`, with a URL")
