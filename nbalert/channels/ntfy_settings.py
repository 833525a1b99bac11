"""What the settings of an ntfy channel say. A topic is a password where the server asks for no other."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from nbalert.fields import ChannelSettings, Secret, SecretUrl
from nbalert.policy import ANYONE

_NAME = re.compile(r"[-_A-Za-z0-9]{1,64}")


def _topic(value: SecretStr) -> SecretStr:
    if not _NAME.fullmatch(value.get_secret_value()):
        raise ValueError("is no topic: 1 to 64 letters, digits, - and _")
    return value


Topic = Annotated[SecretUrl, AfterValidator(_topic)]
"""Its name, or a reference to it (Source: ntfy, "Publishing": who knows it can read and write)."""


class NtfySettings(ChannelSettings):
    """A topic of a server; a topic more for each person who may answer."""

    topic: Topic = Field(description="Topic for alerts; one that nobody guesses: env:NTFY_TOPIC")
    topics: dict[str, Topic] = Field(
        default_factory=dict,
        description="A private topic for each approver: topics.ann=env:NTFY_ANN",
    )
    base_url: str = Field("https://ntfy.sh", description="Of the server")
    token: Secret | None = Field(None, description="Access token (tk_…), where the server has accounts")
    user: str = Field("", description="User, where there is no token")
    password: Secret | None = Field(None, description="Of that user")
    markdown: bool = Field(False, description="Whether to send Markdown, which iOS shows as it is")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        """Whoever may answer has a topic, or it does not matter who it is."""
        people = [one for one in self.approvers if one != ANYONE and not one.startswith("group:")]
        missing = [one for one in people if one not in self.topics]
        if missing and ANYONE not in self.approvers:
            raise ValueError(
                f"ntfy does not tell who answers: give each approver a private topic"
                f' (topics.{missing[0]} is missing), or write approvers = ["{ANYONE}"]'
            )
        return self
