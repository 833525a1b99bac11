"""Addresses, subjects, ids and lines of text, as mail has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from nbalert.channels.email_settings import EmailSettings
from nbalert.channels.markdown import clean
from nbalert.message import Level, Message
from nbalert.question import Question

SUBJECT_CHARS = 150
"""What phones and lists of mail show of it is less."""
TOKEN_CHARS = 12

_FIELD = re.compile(r"\{(\w*)\}")


def one_line(text: str, limit: int) -> str:
    """One line, an ellipsis where it was longer: nothing that is put into a header can end it."""
    line = " ".join("".join(c if c.isprintable() else " " for c in clean(text)).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def cut(text: str, limit: int, keep: str = "head") -> str:
    """A text of which something is left out where it is too long, and a line that says so.

    Args:
        keep: `head`, `tail` or `ends`.
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    mark = f"… {len(text) - limit:,} characters left out …"
    if keep == "ends":
        return f"{text[:half]}\n{mark}\n{text[len(text) - (limit - half) :]}"
    return f"{mark}\n{text[-limit:]}" if keep == "tail" else f"{text[:limit]}…\n{mark}"


def subject_of(message: Message, settings: EmailSettings) -> str:
    """By the template of what failed, or of everything else."""
    failed = message.level is Level.CRITICAL or bool(message.error)
    template = settings.failure_subject if failed else settings.success_subject
    values = {
        "title": message.title,
        "level": message.level.name,
        "error": message.error,
        "notebook": Path(message.source.notebook).name,
        "host": message.source.host,
        "user": message.source.user,
    }
    own = message.native.get("email", {}).get("subject")
    said = str(own) if own else _FIELD.sub(lambda found: values[found[1]], template)
    return one_line(said, SUBJECT_CHARS) or message.level.name


def token_of(question: Question) -> str:
    """What only those know who have seen the question; the question's own id stands in no mail."""
    return f"nb-{sha256(f'nbalert mail {question.id}'.encode()).hexdigest()[:TOKEN_CHARS]}"


def message_id(key: str, settings: EmailSettings) -> str:
    """The same for every try of the same delivery, so that a reader's program can drop what came twice."""
    domain = settings.address.rpartition("@")[2]
    return f"<{sha256(f'nbalert {key}'.encode()).hexdigest()[:32]}.nbalert@{domain}>"


def reply_address(token: str, settings: EmailSettings) -> str:
    """Where answers go; empty where that is the sender's own address."""
    return settings.reply_to.replace("{token}", token or "alert")


def distinct(addresses: Iterable[str]) -> tuple[str, ...]:
    """Each address once, however it is spelled."""
    return tuple({one.lower(): one for one in reversed(tuple(addresses))}.values())[::-1]


def spelled(address: str, known: Iterable[str]) -> str:
    """An address as settings have it; case tells no two people apart. Others come in small letters.

    An address that is not ASCII is nobody's: characters of other scripts look, or fold, like those of ours.
    """
    if not address.isascii():
        return address
    return next((one for one in known if one.lower() == address.lower()), address.lower())
