"""What the settings of a Slack channel say."""

from __future__ import annotations

from pydantic import Field

from nbalert.fields import ChannelSettings, Duration, Secret, SecretUrl


class SlackSettings(ChannelSettings):
    """A bot in a conversation."""

    token: Secret = Field(description="Bot token of your Slack app (xoxb-…)")
    app_token: Secret | None = Field(
        None, description="App-level token (xapp-…, connections:write): buttons, and answers at once"
    )
    channel: str = Field(description="Id of the conversation (C…), at the end of its details in Slack")
    base_url: str = Field("https://slack.com/api/", description="Another one for GovCloud Slack")
    poll: Duration = Field(3.0, description="Seconds between two looks where answers are not pushed")
    recheck: Duration = Field(60.0, description="Seconds until what is pushed is first looked up as well")


class SlackWebhookSettings(ChannelSettings):
    """An incoming webhook of a Slack app."""

    url: SecretUrl = Field(description="The webhook's URL (https://hooks.slack.com/services/…)")
