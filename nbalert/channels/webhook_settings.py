"""What a webhook can be told."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from nbalert.channels.signing import key_of
from nbalert.channels.webhook_body import checked, fields_of
from nbalert.fields import ChannelSettings, MaybeSecret, Secret, SecretUrl

_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
"""Of a header. Source: RFC 9110, section 5.6.2."""
_OURS = re.compile(
    r"webhook-.*|host|content-(length|type|encoding)|transfer-encoding|connection", re.IGNORECASE
)


def _signing(value: SecretStr) -> SecretStr:
    key_of(value.get_secret_value())
    return value


def _header(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("is no value of a header: printable ASCII in one line")
    return value


def _not_ours(name: str) -> str:
    if _OURS.fullmatch(name):
        raise ValueError(f"{name} is set by nbalert itself")
    return name


SigningSecret = Annotated[Secret, AfterValidator(_signing)]
HeaderName = Annotated[str, Field(pattern=_NAME), AfterValidator(_not_ours)]
HeaderValue = Annotated[MaybeSecret, AfterValidator(_header)]
Body = Annotated[dict[str, Any], AfterValidator(checked)]


class WebhookSettings(ChannelSettings):
    """Where to, in which form, and where answers come from."""

    url: SecretUrl = Field(description="Address that takes the messages")
    method: Literal["POST", "PUT", "PATCH"] = Field("POST", description="How they are sent")
    secret: SigningSecret | None = Field(None, description="Signs what is sent: whsec_… of Standard Webhooks")
    previous_secret: SigningSecret | None = Field(
        None, description="Signs as well, until the other side knows the new secret"
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        description="More headers, also to fetch answers; what is secret as env:NAME",
    )
    body: Body = Field(
        default_factory=dict,
        description="What is sent, with $title, $plain, $level … in it; the whole message if left out",
    )
    answers_url: SecretUrl | None = Field(
        None, description="Address at which answers are fetched; nobody can be asked without one"
    )

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if not self.answers_url:
            return self
        if not self.secret:
            raise ValueError(
                "answers_url needs a secret: answers that nobody has signed would let anybody approve"
            )
        if self.body and not fields_of(self.body) & {"question", "message"}:
            raise ValueError(
                "answers_url needs $question or $message in the body: who answers has to see what will run,"
                " and an answer names the question"
            )
        return self

    @property
    def keys(self) -> tuple[bytes, ...]:
        """To sign with, the newest first."""
        secrets = (self.secret, self.previous_secret)
        return tuple(key_of(one.get_secret_value()) for one in secrets if one)

    @property
    def header_values(self) -> dict[str, str]:
        """The further headers as they are sent."""
        return {name: value.get_secret_value() for name, value in self.headers.items()}
