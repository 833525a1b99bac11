"""Secrets whose value is known: those of the settings, and of environment variables that are called so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote

from nbalert.blots import Secret
from nbalert.compiling import compiled
from nbalert.secret_formats import of_form
from nbalert.secret_kinds import is_placeholder, kind_of_name
from nbalert.secret_marks import Words, words_of

VALUE_CHARS = 6
"""What is shorter stands in too many words, or says too little, to be looked for by itself."""
LONG_CHARS = 12
"""What is shorter has to stand apart from other letters."""
LINE_CHARS = 20
"""What is shorter of a secret of several lines, a key file's, is not looked for by itself."""
_PATH = r"[~.]{0,2}/[\w./ -]*|[A-Za-z]:\\.*"
_ORDINARY = r"(?i)[a-z]{1,9}|\d{1,7}"
"""A word (`postgres`), or a number that may be a port: hidden where it is called a secret, not elsewhere."""

Values = Mapping[str, str]
"""Value → what it is."""


def of_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The values of variables whose names say that they are secret, and what is secret in others' URLs."""
    for name, value in environment.items():
        if len(value) < VALUE_CHARS:
            continue
        if kind_of_name(name):
            if not compiled(_PATH).fullmatch(value) and not is_placeholder(value):
                yield from ((part, name) for part in of_setting(value))
        elif "://" in value:
            yield from ((value[secret.start : secret.end], name) for secret in of_form(value))


def of_setting(value: str) -> Iterator[str]:
    """What of a secret is looked for: itself, its lines, and of an address what is behind the host."""
    yield value
    scheme, is_url, rest = value.partition("://")
    if is_url:
        host, _, path = rest.partition("/")
        yield path
        told = path if scheme in ("http", "https") else rest  # elsewhere a token may stand where a host does
        parts = (*re.split(r"[/?&=@:]", told), *host.rpartition("@")[0].split(":"))
        yield from (part for part in parts if len(part) >= LONG_CHARS)
    lines = value.splitlines() if "\n" in value else []
    yield from (line for line in lines if len(line) >= LINE_CHARS and "-----" not in line)


def worth_finding(pairs: Iterable[tuple[str, str]]) -> Values:
    """The values as they are looked for, the longest first, in the ways in which a text may spell them."""
    known: dict[str, str] = {}
    for value, kind in pairs:
        value = value.strip()
        if len(value) >= VALUE_CHARS and not compiled(_ORDINARY).fullmatch(value):
            for spelt in (value, quote(value, safe=""), json.dumps(value)[1:-1], repr(value)[1:-1]):
                known.setdefault(spelt, kind)
    return dict(sorted(known.items(), key=lambda item: -len(item[0])))


def of_value(text: str, known: Values, words: Words | None = None) -> Iterator[Secret]:
    """Where they stand.

    Args:
        words: Of the text, where they are few: a value whose longest word is not among them is not there.
    """
    for value, kind in known.items():
        if words and _longest_word(value) not in words.joined:
            continue
        at = text.find(value)
        while at >= 0:
            end = at + len(value)
            if len(value) >= LONG_CHARS or not _is_within_a_word(text, at, end):
                yield Secret(at, end, kind)
            at = text.find(value, end)


@lru_cache(maxsize=1024)
def _longest_word(value: str) -> str:
    return max(words_of(value), key=len, default="")


def _is_within_a_word(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return (before.isalnum() and text[start].isalnum()) or (after.isalnum() and text[end - 1].isalnum())
