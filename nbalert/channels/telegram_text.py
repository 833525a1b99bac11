"""Text for Telegram: spans that are cleaned, measured and cut as plain text, and become HTML at the very end.

So no tag and no entity is ever torn. Source: Bot API, "HTML style", and sendMessage: 4,096 characters after
entities parsing, 1,024 in a caption.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nbalert.channels.markdown import clean

TEXT, CAPTION = 4096, 1024
MORE = "…"


class Span(NamedTuple):
    """Plain text, and the tags around it."""

    text: str
    opening: str = ""
    closing: str = ""


def plain(text: str) -> Span:
    """Text in which no name notifies anybody."""
    return Span(re.sub(r"@(?=\w)", "@\u2060", clean(text)))


def bold(text: str) -> Span:
    """The same in bold type."""
    return Span(plain(text).text, "<b>", "</b>")


def block(text: str, language: str = "") -> Span:
    """A block of code: nothing in it is looked for by the service."""
    if language:
        return Span(clean(text), f'<pre><code class="language-{language}">', "</code></pre>")
    return Span(clean(text), "<pre>", "</pre>")


def code(text: str) -> Span:
    """A few characters of fixed width."""
    return Span(clean(text), "<code>", "</code>")


def link(url: str, label: str) -> Span:
    """A link; the label alone where it would lead nowhere."""
    if not re.fullmatch(r"https?://\S{1,1000}", url):
        return plain(label)
    return Span(clean(label), f'<a href="{escaped(clean(url)).replace(chr(34), "%22")}">', "</a>")


def mention(id_: str, name: str = "") -> Span:
    """Notifies a person: by id, or by `@name`."""
    if re.fullmatch(r"@\w{4,32}", id_):
        return Span(id_)
    if re.fullmatch(r"\d{1,20}", id_):
        return Span(clean(name).strip() or id_, f'<a href="tg://user?id={id_}">', "</a>")
    return plain(id_[:100])


def escaped(text: str) -> str:
    """For HTML: these three and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def units(text: str) -> int:
    """Length in UTF-16 units: never less than Telegram counts, whichever way it does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def length(spans: Iterable[Span]) -> int:
    """Of all of them, as the service counts."""
    return sum(units(span.text) for span in spans)


def trimmed(text: str, limit: int) -> str:
    """The text, or its beginning with a sign that it goes on."""
    if units(text) <= limit:
        return text
    return _head(text, limit - len(MORE)) + MORE


def last(text: str, limit: int) -> str:
    """The text, or its end with a sign that more is before it."""
    if units(text) <= limit:
        return text
    raw = text.encode("utf-16-le", "surrogatepass")[-2 * (limit - 1) :]
    return MORE + raw.decode("utf-16-le", "ignore")


def one_line(text: str, limit: int) -> str:
    """One line, with a sign where it goes on."""
    return trimmed(" ".join(text.split()), limit)


def html(spans: Sequence[Span], limit: int) -> str:
    """What is sent; what is longer than the limit is cut visibly."""
    is_cut = length(spans) > limit
    said, left = [], limit - len(MORE) if is_cut else limit
    for span in spans:
        text = _head(span.text, left)
        left -= units(text)
        if text:
            said.append(f"{span.opening}{escaped(text)}{span.closing}")
    return "".join(said) + (MORE if is_cut else "")


def _head(text: str, limit: int) -> str:
    return text.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")
