"""The row of e-mail: a real Postfix behind a server that spoils what it is told to, and a real Dovecot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

import pytest

from nbalert.channels.email_thread import Thread
from nbalert.message import Receipt
from tests.channels.rows import Row, Seen
from tests.chat_servers import mail
from tests.chat_servers.mail import AUTHSERV, MailServer, NoMailServer
from tests.chat_servers.smtp_faults import SmtpFaults


class EmailRow(Row):
    """A mail that comes twice has the same id, and is not recognised by every program."""

    kind = "email"
    has_keys = False
    edits = False
    has_wishes = False
    secret = "password"
    ways = ("reply",)
    vexations = ("stranger", "bot", "elsewhere", "talk")
    tells = True
    server: SmtpFaults  # type: ignore[assignment] # speaks SMTP, and is planned as the others are
    approver, second = "bob@nb.test", "carol@nb.test"

    def __init__(self, mails: MailServer, server: SmtpFaults) -> None:
        self.mails, self.server = mails, server

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """One mail server a process, with empty mailboxes."""
        try:
            mails = mail.running()
        except NoMailServer as reason:
            pytest.skip(str(reason))
        mails.clear()
        with SmtpFaults(mails.ports["plain"]) as server:
            yield cls(mails, server)

    def values(self) -> dict[str, Any]:
        """Plain, as it is this machine's alone, and mischief has to understand it."""
        return {
            **values(self.mails),
            "port": self.server.port,
            "security": "plain",
            "imap_port": self.mails.ports["imap"],
            "imap_security": "plain",
        }

    def seen(self) -> list[Seen]:
        """What the team's program shows."""
        return [_seen(one) for one in self.mails.mails("team")]

    def revoke(self) -> None:
        """The account has another password."""
        self.mails.change_password("bot", "pw-another-one")

    def check(self) -> None:
        """Whatever it was, the password is the usual one again."""
        self.mails.change_password("bot")

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """By a program that quotes the question."""
        name = person.partition("@")[0]
        self.mails.send(self.mails.answer(Thread.of(receipt).id, name, text), name)

    def vex(self, how: str, receipt: Receipt) -> None:
        """Each of them looks like a yes."""
        asked = Thread.of(receipt).id
        if how == "stranger":
            self.mails.send(self.mails.answer(asked, "mallory", "approve"), "mallory")
        elif how == "bot":
            for sign in ({"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}):
                self.mails.send(self.mails.answer(asked, "bob", "approve", **sign), "bob")
        elif how == "talk":
            self.mails.send(self.mails.answer(asked, "bob", "yes, go ahead"), "bob")
        else:
            other = {"In_Reply_To": "<other@nb.test>", "References": "<other@nb.test>"}
            for sign in (other, {"Subject": "Re: something else"}):
                self.mails.send(self.mails.answer(asked, "bob", "approve", **sign), "bob")

    def told(self, person: str) -> list[str]:
        """In a mail to that person alone."""
        return [_seen(one).text for one in self.mails.mails(person.partition("@")[0])]


def values(mails: MailServer) -> dict[str, Any]:
    """Settings as people write them: STARTTLS to send, TLS to read."""
    return {
        "kind": "email",
        "host": "localhost",
        "port": mails.ports["starttls"],
        "username": "bot",
        "password": "pw-bot",
        "sender": "nbalert <bot@nb.test>",
        "to": ["team@nb.test"],
        "imap_host": "localhost",
        "imap_port": mails.ports["imaps"],
        "authserv_id": AUTHSERV,
        "poll": 0.2,
        "tls": {"ca": str(mails.root / "ca.crt")},
    }


def _seen(one: EmailMessage) -> Seen:
    parts = [part for part in one.walk() if not part.is_multipart()]
    files = [part for part in parts if part.get_content_disposition() == "attachment"]
    body = one.get_body(("plain",))
    return Seen(
        f"{one['Subject']}\n{body.get_content() if body else ''}",
        files=tuple(part.get_content() for part in files if part.get_content_maintype() == "text"),
        images=len([part for part in parts if part.get_content_maintype() == "image"]),
    )
