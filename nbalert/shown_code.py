"""From the exact code to what a chat shows: secrets blotted out, and nothing that a reader cannot see.

What is shown cannot be confused with what was written: what begins a blot or an escape is escaped itself
where the code has it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nbalert.blots import OPENS, Secret, blot
from nbalert.secret_strings import secrets_in_code

OPEN, CLOSE = "⟦", "⟧"
_MARKS = frozenset(OPEN + CLOSE)
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"  # fillers and joiners
    + "".join(map(chr, range(0xFE00, 0xFE10)))  # variation selectors
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
_PLAIN = frozenset("\n\t ")


@dataclass(frozen=True, slots=True)
class Shown:
    """Code as it is shown.

    Args:
        text: What the chat gets.
        redacted: How many secrets are blotted out in it.
        escaped: How many characters are shown as an escape.
    """

    text: str
    redacted: int = 0
    escaped: int = 0

    @property
    def note(self) -> str:
        """What a reader has to be told; empty if the code is shown as it is."""
        parts = []
        if self.redacted:
            parts.append(f"{_count(self.redacted, 'secret')} left out: {OPENS}: …»")
        if self.escaped:
            what = _count(self.escaped, "character that cannot be seen", "characters that cannot be seen")
            parts.append(f"{what}, shown as {OPEN}\\u202e{CLOSE}")
        return f"In the code below: {'; '.join(parts)}." if parts else ""


def shown(code: str, find: Callable[[str], Sequence[Secret]] = secrets_in_code) -> Shown:
    """The code as a chat shows it: all of it, save the contents of secret strings.

    Args:
        find: Tells where secrets stand, in order and apart from each other.
    """
    parts, at, escaped = [], 0, 0
    secrets = find(code)
    for start, end, kind in (*secrets, Secret(len(code), len(code), "")):
        plain = visible(code[at:start])
        escaped += plain.count(OPEN)
        parts += [plain, blot(kind)] if kind else [plain]
        at = end
    return Shown("".join(parts), len(secrets), escaped)


def visible(text: str) -> str:
    """A text in which invisible, direction-changing and look-alike blank characters are escapes."""
    if text.isascii() and text.isprintable():
        return text
    lines = text.replace("\r\n", "\n")
    seen = "".join(_escape(char) if _is_hidden(char) else char for char in lines)
    return seen.replace(OPENS, _escape(OPENS[0]) + OPENS[1:])  # nobody can write a blot


def visible_line(text: str) -> str:
    """The same for what has to be one line: a line end is an escape, too."""
    return visible(text.strip()).replace("\n", _escape("\n")).replace("\t", _escape("\t"))


def _is_hidden(char: str) -> bool:
    if " " <= char <= "~" or char in _PLAIN:
        return False
    return char in _MARKS or char in _BLANK or unicodedata.category(char) in _CATEGORIES


def _escape(char: str) -> str:
    code = ord(char)
    form = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return f"{OPEN}{form}{CLOSE}"


def _count(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"
