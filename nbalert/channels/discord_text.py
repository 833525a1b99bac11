"""Text as Discord shows it: cleaned, escaped, measured and cut in the units that Discord counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARKDOWN = re.compile(r"[\\*_~|`\[\]<>]|^(?=[#+-])|^(\s*\d+)(?=\.\s)", re.MULTILINE)
_URL = re.compile(r"https?://[^\s<>()\[\]*~|`\\]+")
_PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: "␡"}
_TURNING = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
_VISIBLE = {**_PICTURES, **{code: f"[U+{code:04X}]" for code in _TURNING}}


def units(text: str) -> int:
    """Length in UTF-16 units: never less than Discord counts, whichever way it does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """Control characters and those that turn a line around, made visible; half characters replaced."""
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    return whole.translate(_VISIBLE)


def escape(text: str) -> str:
    """Text that stands as it is: no markup, no mention; addresses can still be followed."""
    shown, at = [], 0
    cleaned = clean(text)
    for url in _URL.finditer(cleaned):
        shown += [_escape(cleaned[at : url.start()]), url[0]]
        at = url.end()
    return "".join([*shown, _escape(cleaned[at:])])


def broken(text: str) -> str:
    """Code that ends no block: a character of no width stands within what would."""
    return clean(text).replace("```", "`\u200b`\u200b`")


def fenced(text: str, language: str = "") -> str:
    """A block of code, of a text without fences."""
    return f"```{language}\n{text}\n```"


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


def ends(text: str, limit: int) -> str:
    """Head and tail of a long text, and how much is left out between them."""
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"


def _escape(text: str) -> str:
    return _MARKDOWN.sub(lambda found: f"{found[1]}\\" if found[1] else f"\\{found[0]}", text)


def _head(text: str, limit: int) -> str:
    part = text.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")
    backslashes = len(part) - len(part.rstrip("\\"))
    return part[:-1] if backslashes % 2 else part  # an escape is not torn from what it escapes
