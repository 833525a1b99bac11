"""Text as Mattermost shows it: escaped, with mentions that notify nobody, and cut in its own units.

Source: mattermost/marked, `lib/marked.js`, and mattermost/mattermost, `app/notification.go` and
`shared/markdown` (2026-08): what can be escaped, and where the server sees a mention; Mattermost, "Incoming
webhooks" (2026-08-19): what of Slack's markup it translates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from nbalert.channels.markdown import beside_links, broken, clean, fenced

THIN = "\u200b"
"""A character of no width."""
_ESCAPED = re.compile(
    r"[`*_{}\[\]()~|]|\\(?!\w)|^(?=[ \t]*[#+>-])(?P<start>[ \t]*)|^(?P<number>\s*\d+)(?=\.\s)", re.MULTILINE
)
_TORN = re.compile(
    r"(?<=(?<![^\W_])@)(?=\w)"  # @channel; not the one of an address
    r"|(?<=<)(?=[!@]|[a-z0-9]{26}>)"  # what a webhook takes for a mention of Slack's
    r"|(?<=:)(?=[a-z+_-][\w+-]*:)"  # a name of an emoji
    r"|(?<=&)(?=#?\w+;)"  # a character by its number, such as an @
    r"|^(?==)",  # a line below a heading
    re.MULTILINE,
)
_IN_LINK = re.compile(r"(?<![^\W_])@|&(?=#?\w+;)")
"""What the server reads as a mention where it takes the address for none."""


def escape(text: str) -> str:
    """Text that stands as it is: no markup, no mention; addresses can still be followed."""
    return beside_links(text, _escape, lambda url: _IN_LINK.sub(lambda found: quote(found[0]), url))


def code(text: str, language: str = "") -> str:
    """A block of code, in which nothing is a mention."""
    return fenced(broken(text), language)


def one_line(text: str, limit: int) -> str:
    """Cleaned, in one line, with a sign where it is cut."""
    return cut(" ".join(clean(text).split()), limit)


def cut(text: str, limit: int) -> str:
    """The text, or its beginning with a sign that it goes on."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def mentions(names: Iterable[str]) -> str:
    """People who are to be notified, by their usernames."""
    return " ".join(f"@{name}" for name in names)


def _escape(text: str) -> str:
    return _TORN.sub(THIN, _ESCAPED.sub(_before, text))


def _before(found: re.Match[str]) -> str:
    if found["start"] is not None:
        return f"{found['start']}\\"
    return f"{found['number']}\\" if found["number"] is not None else f"\\{found[0]}"
