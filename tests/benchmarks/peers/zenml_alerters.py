"""ZenML's alerters without its server and database, which posting and asking do not use.

They have no parameter for another address: what they import is assigned one, in this process alone.
"""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any
from uuid import uuid4

from zenml.enums import StackComponentType

TOKEN, CHANNEL = "xoxb-secret-token", "C1"


def slack(base_url: str) -> Any:
    """The Slack alerter."""
    from zenml.integrations.slack.alerters import slack_alerter
    from zenml.integrations.slack.flavors import SlackAlerterConfig

    slack_alerter.WebClient = functools.partial(slack_alerter.WebClient, base_url=base_url)
    config = SlackAlerterConfig(slack_token=TOKEN, slack_channel_id=CHANNEL)
    return slack_alerter.SlackAlerter(**_common(config, "slack"))


def discord(base_url: str, gateway: str, token: str, channel: str) -> Any:
    """The Discord alerter."""
    import yarl
    from discord.gateway import DiscordWebSocket
    from discord.http import Route
    from zenml.integrations.discord.alerters.discord_alerter import DiscordAlerter
    from zenml.integrations.discord.flavors.discord_alerter_flavor import DiscordAlerterConfig

    Route.BASE = base_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    config = DiscordAlerterConfig(discord_token=token, default_discord_channel_id=channel)
    return DiscordAlerter(**_common(config, "discord"))


def _common(config: object, flavor: str) -> dict[str, Any]:
    now = datetime.now()
    return {
        "name": flavor,
        "id": uuid4(),
        "config": config,
        "flavor": flavor,
        "type": StackComponentType.ALERTER,
        "user": uuid4(),
        "created": now,
        "updated": now,
    }
