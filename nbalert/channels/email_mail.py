"""A message as a mail of the internet: text and HTML, figures within, files along, and headers that hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from nbalert.channels.email_body import Body, File, Section
from nbalert.channels.email_html import html_of
from nbalert.channels.email_settings import EmailSettings
from nbalert.channels.email_words import one_line
from nbalert.message import Image, Level

POLICY = policy.SMTP.clone(cte_type="7bit")
"""Seven bits go through every server, whatever it says of itself."""
NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a mail stands in the world.

    Args:
        id: Its `Message-ID`, with its brackets.
        subject: One line.
        to: Addresses.
        follows: Id of the mail that its thread begins with; empty for a first one.
        reply_to: Empty for the sender's own address.
        is_answer: Whether it answers a person's mail.
    """

    id: str
    subject: str
    to: tuple[str, ...]
    at: datetime
    follows: str = ""
    reply_to: str = ""
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail holds.

    Args:
        body: Its text.
        level: Gives the colour.
        images: Figures, shown in the HTML.
        html: One's own page, in place of ours; empty for ours.
    """

    body: Body
    level: Level
    images: tuple[Image, ...] = ()
    html: str = ""

    @property
    def has_files(self) -> bool:
        """Whether there is something to leave out."""
        return bool(self.images or self.body.files)

    def without_files(self, why: str) -> Content:
        """The same in small, and what was left out."""
        names = (*(image.name for image in self.images), *(file.name for file in self.body.files))
        left = [one_line(name, NAME_CHARS) for name in names]
        note = Section("", f"Not attached: {', '.join(left)} ({why})")
        return self.noting(note.text, files=())

    def noting(self, text: str, files: tuple[File, ...] | None = None) -> Content:
        """The same with one line more, and perhaps other files."""
        body = self.body
        kept = body.files if files is None else files
        images = self.images if files is None else ()
        sections = (*body.sections, Section("", text))
        return Content(Body(body.title, sections, kept, body.has_whole_code), self.level, images, self.html)


def mail_of(content: Content, envelope: Envelope, settings: EmailSettings) -> bytes:
    """The whole mail, as it goes to a server."""
    mail = EmailMessage(policy=POLICY)
    _put_headers(mail, envelope, settings)
    mail.set_content(_text_of(content.body))
    figures = [File(image.name, image.data, image.mime) for image in content.images]
    along = [*content.body.files]
    if settings.html and content.html:
        mail.add_alternative(content.html, subtype="html")
        along = [*figures, *along]
    elif settings.html:
        _add_page(mail, content, figures)
    else:
        along = [*figures, *along]
    for file in along:
        maintype, subtype = _type(file.mime)
        mail.add_attachment(file.data, maintype=maintype, subtype=subtype, **_named(file))
    return mail.as_bytes()


def _add_page(mail: EmailMessage, content: Content, figures: list[File]) -> None:
    """The HTML, with the figures that it shows."""
    ids = [f"figure{n}@nbalert" for n in range(1, len(figures) + 1)]
    named = [(cid, one_line(file.name, NAME_CHARS)) for cid, file in zip(ids, figures, strict=True)]
    mail.add_alternative(html_of(content.body, content.level, named), subtype="html")
    page = mail.get_body(("html",))
    assert isinstance(page, EmailMessage)
    for cid, file in zip(ids, figures, strict=True):
        maintype, subtype = _type(file.mime)
        page.add_related(
            file.data,
            maintype=maintype,
            subtype=subtype,
            cid=f"<{cid}>",
            disposition="inline",
            **_named(file),
        )


def _put_headers(mail: EmailMessage, envelope: Envelope, settings: EmailSettings) -> None:
    name, address = parseaddr(settings.sender)
    mail["From"] = Address(one_line(name, NAME_CHARS), addr_spec=address)
    mail["To"] = ", ".join(envelope.to)
    mail["Subject"] = envelope.subject
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = envelope.id
    if envelope.follows:
        mail["In-Reply-To"] = mail["References"] = envelope.follows
    if envelope.reply_to:
        mail["Reply-To"] = envelope.reply_to
    # Source: RFC 3834. Programs are not to answer it; Exchange has a header of its own for that.
    mail["Auto-Submitted"] = "auto-replied" if envelope.is_answer else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"


def _type(mime: str) -> tuple[str, str]:
    kind, _, rest = mime.partition("/")
    is_plain = re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", mime) is not None
    return (kind, rest) if is_plain else ("application", "octet-stream")


def _named(file: File) -> dict[str, Any]:
    name = {"filename": one_line(file.name, NAME_CHARS) or "file"}
    return {**name, "params": {"charset": "utf-8"}} if file.mime.startswith("text/") else name


def _text_of(body: Body) -> str:
    """All sections as plain text."""
    parts = [body.title]
    for section in body.sections:
        parts.append(f"{section.label}:\n{section.text}" if section.label else section.text)
    return "\n\n".join(parts) + "\n"
