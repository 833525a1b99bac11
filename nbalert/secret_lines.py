"""Secrets in lines of a known shape: headers, commands of a shell, statements of a database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from nbalert.blots import Secret
from nbalert.secret_kinds import is_placeholder, is_variable

_SCHEMES = ("bearer", "basic", "apikey", "negotiate", "splunk")


class Line(NamedTuple):
    """What a line has that tells of a secret.

    Args:
        word: What it is among `Words.small`.
        kind: What that tells of.
        rest: Where it stands, `%s` being what was found.
    """

    word: str
    kind: str
    rest: str


_AFTER_HEADER = r"""[\\"'\]]{0,4}\s*[:=]\s*[\\"']{0,2}"""
LINES = {
    **{
        f"{scheme} ": Line(f"\n{scheme}\n", "token", r"(?<![a-z0-9]%s)[ ]*([\w.+/=~:-]{12,})")
        for scheme in _SCHEMES
    },
    "authorization": Line(
        "authorization\n",
        "authorization",
        _AFTER_HEADER + r"""(?:[a-z]{3,12}[ ]+)?([^\s"'\\,;<>«]{6,})""",
    ),
    "cookie": Line("cookie\n", "cookie", r"(?<![a-z]%s)" + _AFTER_HEADER + r"""([\w.-]+=[^"'\\\n«]+)"""),
    "login ": Line("login\n", "password", r"\s*\S+\s+password\s+(\S+)"),
    "identified by": Line("identified\n", "password", r"""\s+['"]([^'"\n«]+)['"]"""),
    "password ": Line("password\n", "password", r"""\s*['"]([^'"\n«]+)['"]"""),
    "sshpass -p": Line("sshpass\n", "password", r"\s*([^\s«]+)"),
    "mysql": Line("mysql", "password", r"[a-z]*\b[^\n|;]{0,200}?\s-p([^\s«]+)"),
    "mariadb": Line("mariadb", "password", r"[a-z-]*\b[^\n|;]{0,200}?\s-p([^\s«]+)"),
    "-u ": Line("\nu\n", "password", r"""(?<= %s)["']?[^\s:"'/]+:([^\s"'«]+)"""),
    "--user": Line("\nuser\n", "password", r"""[ =]["']?[^\s:"'/]{1,999}:([^\s"'«]+)"""),
}
"""By what a line has, in small letters."""


@cache
def _line(start: str) -> re.Pattern[str]:
    return re.compile(re.escape(start) + LINES[start].rest.replace("%s", re.escape(start)))


def in_lines(start: str, text: str, small: str) -> Iterator[Secret]:
    """What a line of one of the shapes has.

    Args:
        small: The text in small letters.
    """
    kind = LINES[start].kind
    for match in _line(start).finditer(small):
        value = text[slice(*match.span(1))]
        if not is_placeholder(value) and not _is_prose(kind, value, start) and not value.isdigit():
            yield Secret(*match.span(1), kind)


_SAID = frozenset(("authentication", "authorization", "configuration"))


def _is_prose(kind: str, value: str, start: str) -> bool:
    """`basic configuration`, `Authorization: self.token`."""
    if kind == "token":
        word = value.rstrip(".:")
        return word.isalpha() and (word.lower() in _SAID or (word.islower() and start != "bearer "))
    if kind == "authorization":
        return value.lower() in (*_SCHEMES, "token", "digest") or "(" in value or is_variable(value)
    return False
