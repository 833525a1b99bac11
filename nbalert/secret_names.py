"""Secrets that are told by what they are called: `password = …`, `"api_key": …`, `--token …`, headers.

Who reads code knows more of it than its words (`secret_strings`); this is for all other text.
"""

from __future__ import annotations

from collections.abc import Iterator

from nbalert.blots import Secret
from nbalert.compiling import compiled
from nbalert.secret_assignments import ENDS, assigned, may_be_assigned
from nbalert.secret_formats import in_queries, is_signature
from nbalert.secret_kinds import is_placeholder, kind_of_name
from nbalert.secret_lines import LINES, in_lines
from nbalert.secret_marks import Words

_OPTION = r"""--(?=\w)(?P<name>[\w-]{2,40})["']?,?(?:[ \t]+|=)(?:"([^"\n]+)|'([^'\n]+)|([^\s"',;|&«]+))"""
_IDENTIFIER = r"[A-Za-z_][\w.-]*"
_PARAMETER = r"[?&;]([\w.-]{2,40})="
_PARTS = (*ENDS, "header")
"""Of names that say what a secret is, wherever they have it: `secretValue`, `auth_header`."""
_LINE_WORDS = [(start, line.word) for start, line in LINES.items()]


def may_be_named(text: str, words: Words | None = None) -> bool:
    """Whether anything in a text could be found by its name; costs next to nothing.

    Args:
        words: Of the text, where they are known.
    """
    small = (words or Words(text)).small
    lines = [start for start, word in _LINE_WORDS if word in small]
    if lines and any(map(text.lower().__contains__, lines)):
        return True
    if "=" in text and ("?" in text or "&" in text):
        names = compiled(_PARAMETER).findall(text)
        if any(kind_of_name(name) or is_signature(name) for name in names):
            return True
    if not any(map(small.__contains__, _PARTS)):
        return False
    return any(map(kind_of_name, set(compiled(_IDENTIFIER).findall(text))))


def named(text: str, *, is_code: bool = False, words: Words | None = None) -> Iterator[Secret]:
    """Secrets that stand behind their name.

    Args:
        is_code: Whether bare words are names of variables rather than values.
        words: Of the text, where they are known.
    """
    within = (words or Words(text)).small
    starts = [start for start in ENDS if start in within and may_be_assigned(start, within)]
    lines = [start for start, word in _LINE_WORDS if word in within]
    if starts or lines:
        small = _small(text)
        for start in starts if _has_values(text) else ():
            yield from assigned(start, text, small, is_code)
        for start in lines:
            yield from in_lines(start, text, small)
    if "--" in text:
        yield from _in_options(text)
    for name, secret in in_queries(text):
        if kind_of_name(name) or is_signature(name):
            yield secret


def _has_values(text: str) -> bool:
    return ":" in text or "=" in text or ">" in text


def _small(text: str) -> str:
    """The text in small letters, each in its place."""
    small = text.lower()
    if len(small) != len(text):  # letters whose small form is longer
        small = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return small


def _in_options(text: str) -> Iterator[Secret]:
    for match in compiled(_OPTION).finditer(text):
        group = match.lastindex or 0
        if (kind := kind_of_name(match["name"])) and _is_given(match[group]):
            yield Secret(*match.span(group), kind)


def _is_given(value: str) -> bool:
    return len(value) >= 3 and not value.startswith("-") and not is_placeholder(value)
