"""What the settings of an e-mail channel say."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from nbalert.fields import ChannelSettings, Duration, Secret
from nbalert.policy import ANYONE

Security = Literal["starttls", "tls", "plain"]
SUBJECT_FIELDS = ("title", "level", "error", "notebook", "host", "user")
"""What a subject may name in braces."""

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_FIELD = re.compile(r"\{(\w*)\}")
_PORTS = {"starttls": 587, "tls": 465, "plain": 25}
_IMAP_PORTS = {"tls": 993, "plain": 143}


def is_address(text: str) -> bool:
    """Whether mail can be sent there: `ann@example.org`, nothing around it, ASCII alone."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError("is no e-mail address, such as ann@example.org")
    return value


def _sender(value: str) -> str:
    _address(parseaddr(value)[1])
    if not value.isprintable():
        raise ValueError("has characters that no header takes")
    return value


def _subject(value: str) -> str:
    unknown = set(_FIELD.findall(value)) - set(SUBJECT_FIELDS)
    if unknown:
        fields = ", ".join(f"{{{name}}}" for name in SUBJECT_FIELDS)
        raise ValueError(f"has an unknown field {{{min(unknown)}}}; a subject may have {fields}")
    return value


Address = Annotated[str, AfterValidator(_address)]
Subject = Annotated[str, AfterValidator(_subject)]


class EmailSettings(ChannelSettings):
    """Mail by SMTP, and answers by IMAP."""

    host: str = Field(description="Server that takes mail for sending, such as smtp.example.org")
    security: Security = Field("starttls", description="How that connection is made safe (plain is not)")
    port: int = Field(0, ge=0, le=65535, description="Its port; 0 is 587, for tls 465, for plain 25")
    username: str = Field("", description="Account there; mostly the address. Empty sends without logging in")
    password: Secret | None = Field(None, description="Of the account; providers mostly want an app password")
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        description="From whom: bot@example.org, or nbalert <bot@example.org>"
    )
    to: tuple[Address, ...] = Field(min_length=1, description="To whom")
    success_subject: Subject = Field(
        "[nbalert] {title}",
        description="Subject; {title}, {level}, {notebook}, {host} and {user} are filled in",
    )
    failure_subject: Subject = Field(
        "[nbalert] {title}", description="Subject of what failed; {error} is filled in as well"
    )
    html: bool = Field(True, description="Whether the text goes along as HTML, with figures and tables in it")
    reply_to: str = Field(
        "", description="Where answers go, if not to the sender; {token} in it is filled in: bot+{token}@…"
    )
    imap_host: str = Field("", description="Server where answers arrive; without it nobody can be asked")
    imap_security: Literal["tls", "plain"] = Field(
        "tls", description="How that connection is made safe (plain is not)"
    )
    imap_port: int = Field(0, ge=0, le=65535, description="Its port; 0 is 993, for plain 143")
    imap_username: str = Field("", description="Account there; empty is the same as for sending")
    imap_password: Secret | None = Field(None, description="Its password; empty is the same as for sending")
    mailbox: str = Field("INBOX", description="Folder that answers arrive in")
    authserv_id: str = Field(
        "", description="Who checks senders: the name with which your server's Authentication-Results begin"
    )
    trust_from: bool = Field(
        False,
        strict=True,
        description="Believe every sender's address unchecked: anybody can write any. For closed servers",
    )
    poll: Duration = Field(30.0, description="Seconds between looks where the server pushes nothing (IDLE)")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password belong together")
        for one in self.approvers:
            if one != ANYONE and not one.startswith("group:") and not is_address(one):
                raise ValueError(f"approvers: {one!r} is no e-mail address")
        if self.reply_to and not is_address(self.reply_to.replace("{token}", "t")):
            raise ValueError("reply_to is no e-mail address, such as answers@example.org")
        if any(not part.isprintable() or not part.isascii() for part in (self.mailbox, self.imap_username)):
            raise ValueError("mailbox and imap_username are plain ASCII")
        return self

    @property
    def smtp_port(self) -> int:
        """The port that is meant."""
        return self.port or _PORTS[self.security]

    @property
    def imap_port_meant(self) -> int:
        """The port that is meant."""
        return self.imap_port or _IMAP_PORTS[self.imap_security]

    @property
    def login(self) -> tuple[str, str]:
        """Account and password for answers."""
        secret = self.imap_password or self.password
        return self.imap_username or self.username, secret.get_secret_value() if secret else ""

    @property
    def address(self) -> str:
        """The sender's address alone."""
        return parseaddr(self.sender)[1]

    @property
    def no_way_back(self) -> str:
        """Why nobody can be asked by mail with these settings; empty where they can."""
        if not self.imap_host:
            return "imap_host is missing: the server on which answers arrive"
        if not (self.authserv_id or self.trust_from):
            return (
                "authserv_id is missing: the server that says whether an answer is from whom it says"
                " (`nbalert channels test` names the one that yours writes)"
            )
        return ""
