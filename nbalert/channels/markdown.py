"""Text for services that read Markdown: cleaned of what cannot be seen, put into blocks of code, cut."""

from __future__ import annotations

import re
from collections.abc import Callable

_URL = re.compile(r"https?://[^\s<>()\[\]*~|`\\]+")
_PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: "␡"}
_TURNING = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
_VISIBLE = {**_PICTURES, **{code: f"[U+{code:04X}]" for code in _TURNING}}


def clean(text: str) -> str:
    """Control characters and those that turn a line around, made visible; half characters replaced."""
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    return whole.translate(_VISIBLE)


def beside_links(text: str, escape: Callable[[str], str], link: Callable[[str], str] = str) -> str:
    """The cleaned text, escaped but for addresses, which can still be followed.

    Args:
        link: What becomes of an address.
    """
    shown, at = [], 0
    cleaned = clean(text)
    for url in _URL.finditer(cleaned):
        shown += [escape(cleaned[at : url.start()]), link(url[0])]
        at = url.end()
    return "".join([*shown, escape(cleaned[at:])])


def broken(text: str) -> str:
    """Code that ends no block: a character of no width stands within what would."""
    return clean(text).replace("```", "`\u200b`\u200b`")


def fenced(text: str, language: str = "") -> str:
    """A block of code, of a text without fences."""
    return f"```{language}\n{text}\n```"


def ends(text: str, limit: int) -> str:
    """Head and tail of a long text, and how much is left out between them."""
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"
