"""A message for Matrix, made of pieces that are said twice: as plain text, and as the HTML that clients show.

Source: Client-Server API, "m.room.message msgtypes", 2026-07-21: the tags that clients are to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from nbalert.channels.markdown import clean
from nbalert.channels.matrix_settings import USER


class Piece(NamedTuple):
    """A part of a message.

    Args:
        text: For clients without HTML, and for notifications.
        html: What all others show.
    """

    text: str
    html: str


def escaped(text: str) -> str:
    """Text that is no markup; what cannot be seen is made visible."""
    return escape(clean(text), quote=False)


def prose(text: str) -> Piece:
    """Text as it stands, line by line; HTML would make one space of several."""
    html = "<br>".join(escaped(text).replace("  ", " \u00a0").splitlines())
    return Piece(clean(text), f"<p>{html}</p>")


def strong(text: str) -> Piece:
    """The same in bold type."""
    return Piece(clean(text), f"<p><strong>{escaped(text)}</strong></p>")


def block(label: str, text: str, language: str = "") -> Piece:
    """Text of fixed width under a label."""
    kind = f' class="language-{language}"' if language else ""
    code = f"<pre><code{kind}>{escaped(text)}\n</code></pre>"
    return Piece(f"{label}:\n{clean(text)}", f"<p><strong>{escaped(label)}</strong></p>{code}")


def named(fields: Mapping[str, str]) -> Piece:
    """A list of names and values."""
    text = "\n".join(f"{clean(name)}: {clean(value)}" for name, value in fields.items())
    items = (f"<li><strong>{escaped(n)}</strong>: {escaped(v)}</li>" for n, v in fields.items())
    return Piece(text, f"<ul>{''.join(items)}</ul>")


def small(parts: Iterable[Piece]) -> Piece:
    """Small print in one line."""
    known = list(parts)
    html = " · ".join(part.html for part in known)
    return Piece(" · ".join(part.text for part in known), f"<p><sub>{html}</sub></p>")


def words(text: str) -> Piece:
    """A few words within a line."""
    return Piece(clean(text), escaped(text))


def link(url: str, label: str) -> Piece:
    """A link; the label alone where it would lead nowhere."""
    if not url.startswith(("https://", "http://")):
        return words(label)
    return Piece(f"{clean(label)}: {clean(url)}", f'<a href="{escape(clean(url))}">{escaped(label)}</a>')


def mention(person: str) -> Piece:
    """A person as a client shows one that is notified; only `m.mentions` does so."""
    if not USER.fullmatch(person):
        return words(person[:100])
    return Piece(clean(person), f'<a href="{escape(permalink(person))}">{escaped(person)}</a>')


def permalink(*ids: str, via: str = "") -> str:
    """Where a person, a room or an event can be looked at, with any client.

    Source: appendices, "matrix.to navigation".
    """
    place = "/".join(quote(one, safe="") for one in ids)
    return f"https://matrix.to/#/{place}" + (f"?via={quote(via, safe='')}" if via else "")


def one_line(text: str, limit: int) -> str:
    """One line, an ellipsis where it was longer."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
