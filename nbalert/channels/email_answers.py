"""A mail that has arrived: which question it belongs to, and the answer that it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import InvalidHeaderDefect
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from hashlib import sha256

from nbalert.channels.email_origin import doubt
from nbalert.channels.email_quoting import answer_of, text_of_html
from nbalert.channels.email_settings import EmailSettings
from nbalert.channels.email_words import spelled, token_of
from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.question import Question

_ID = re.compile(r"<[^<>\s]{1,500}>")
_BULK = {"bulk", "junk", "list", "auto_reply"}
REFERENCES = 100
"""Of a long thread the last ones; ours is among the first, too."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as the mailbox has it.

    Args:
        raw: All of it, or its beginning where it is large.
        at: When the server took it, aware UTC.
    """

    raw: bytes
    at: datetime

    @property
    def mail(self) -> EmailMessage:
        """Its headers and parts."""
        return BytesParser(policy=policy.default).parsebytes(self.raw)


@dataclass(frozen=True, slots=True)
class Bounce:
    """A server's word that a mail of ours has not arrived.

    Args:
        people: Addresses.
        why: In the server's words.
    """

    people: tuple[str, ...]
    why: str


def references(mail: EmailMessage) -> set[str]:
    """Ids of the mails that this one answers, or that it tells of."""
    fields = [*header(mail, "In-Reply-To"), *header(mail, "References")]
    if mail.get_content_type() == "multipart/report":
        for part in mail.walk():
            if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
                fields += _ids_of_copy(part)
    found = [id_ for field in fields for id_ in _ID.findall(field)]
    return {*found[:REFERENCES], *found[-REFERENCES:]}


def header(mail: MIMEPart, name: str) -> list[str]:
    """The values of a header, topmost first, as they came; what is broken in them is no error."""
    return [" ".join(str(value).split()) for key, value in mail.raw_items() if key.lower() == name.lower()]


def bounce_of(mail: EmailMessage) -> Bounce | None:
    """What a delivery report says; None for other mails, and for delays. Source: RFC 3464."""
    if mail.get_content_type() != "multipart/report":
        return None
    people, why = [], ""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            for block in part.iter_parts():
                if "".join(header(block, "Action")).lower() == "failed":
                    people.append("".join(header(block, "Final-Recipient")).rpartition(";")[2].strip())
                    why = "".join(header(block, "Diagnostic-Code")).partition(";")[2].strip() or why
    return Bounce(tuple(people), why[:200]) if people else None


def reply_of(arrived: Arrived, question: Question, receipt: Receipt, settings: EmailSettings) -> Reply | None:
    """The answer that a mail is; None for what programs send by themselves, and without the question's token.

    Args:
        arrived: One that refers to the question's mail.
    """
    mail = arrived.mail
    if is_automatic(mail) or not _has_token(mail, token_of(question)):
        return None
    person, why = _author(mail, settings)
    text = _words(mail)
    if person is None or not text:
        return None
    # The asker first: who is spelled otherwise as an approver is still the asker.
    known = (question.policy.asker, *question.policy.approvers)
    return Reply(
        reference=sha256(arrived.raw).hexdigest()[:32],
        person=spelled(person.addr_spec, known),
        name=person.display_name[:100],
        text=text,
        at=min(max(arrived.at, receipt.posted_at), datetime.now(UTC)),
        way="reply",
        doubt=why,
    )


def is_automatic(mail: EmailMessage) -> bool:
    """Whether a program has sent it by itself. Source: RFC 3834, and what came before it."""
    submitted = "".join(header(mail, "Auto-Submitted")).lower()
    return (
        bool(submitted and not submitted.startswith("no"))
        or "".join(header(mail, "Precedence")).lower() in _BULK
        or "".join(header(mail, "Return-Path")) == "<>"
        or bool(header(mail, "X-Autoreply") or header(mail, "X-Autorespond"))
        or mail.get_content_type() in ("multipart/report", "message/disposition-notification")
    )


def _author(mail: EmailMessage, settings: EmailSettings) -> tuple[Address | None, str]:
    """Who has written it, and why that is in doubt. One address in one `From`, or nobody."""
    fields = [value for name, value in mail.items() if name.lower() == "from"]
    people = [person for field in fields for person in field.addresses]
    if any(isinstance(defect, InvalidHeaderDefect) for field in fields for defect in field.defects):
        return None, ""  # another reader may see another address in it
    if len(fields) != 1 or len(people) != 1 or not people[0].domain or not people[0].username:
        return None, ""
    if settings.trust_from:
        return people[0], ""
    results = header(mail, "Authentication-Results")
    return people[0], doubt(results, settings.authserv_id, people[0].domain)


def _has_token(mail: EmailMessage, token: str) -> bool:
    """In the subject, or in the address that it was sent to."""
    names = ("Subject", "To", "Cc", "Delivered-To", "X-Original-To")
    return any(
        token in field.lower() for name in names for field in [*header(mail, name), *_read(mail, name)]
    )


def _read(mail: EmailMessage, name: str) -> list[str]:
    """A header's values with encoded words undone."""
    return [str(value) for value in mail.get_all(name, [])]


def _words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    if body is None:
        return ""
    text = str(body.get_content())
    return answer_of(text_of_html(text) if body.get_content_subtype() == "html" else text)


def _ids_of_copy(part: EmailMessage) -> list[str]:
    """The id of the mail that has come back, from a copy of it or of its headers."""
    if part.get_content_type() == "message/rfc822":
        return [id_ for inner in part.iter_parts() for id_ in header(inner, "Message-ID")]
    text = str(part.get_content())
    return re.findall(r"^Message-ID:\s*(<[^<>\s]{1,500}>)", text, re.IGNORECASE | re.MULTILINE)
