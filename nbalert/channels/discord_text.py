"""Text as Discord shows it: escaped, measured and cut in the units that Discord counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbalert.channels.markdown import beside_links

_MARKDOWN = re.compile(r"[\\*_~|`\[\]<>]|^(?=[#+-])|^(\s*\d+)(?=\.\s)", re.MULTILINE)


def units(text: str) -> int:
    """Length in UTF-16 units: never less than Discord counts, whichever way it does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def escape(text: str) -> str:
    """Text that stands as it is: no markup, no mention; addresses can still be followed."""
    return beside_links(text, _escape)


def trimmed(text: str, limit: int) -> str:
    """The text, or its beginning with a sign that it goes on."""
    return text if units(text) <= limit else f"{_head(text, limit - 1)}…"


def split(text: str, limit: int) -> Iterator[str]:
    """The text in parts of at most so many units, between lines where that is possible."""
    while units(text) > limit:
        part = _head(text, limit)
        line_end = part.rfind("\n") + 1
        part = part[:line_end] if line_end > len(part) // 2 else part
        yield part
        text = text[len(part) :]
    yield text


def _escape(text: str) -> str:
    return _MARKDOWN.sub(lambda found: f"{found[1]}\\" if found[1] else f"\\{found[0]}", text)


def _head(text: str, limit: int) -> str:
    part = text.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")
    backslashes = len(part) - len(part.rstrip("\\"))
    return part[:-1] if backslashes % 2 else part  # an escape is not torn from what it escapes
