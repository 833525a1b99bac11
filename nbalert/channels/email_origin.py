"""Whether a mail is from whom its `From` says: what the receiving server has written about it.

Source: RFC 8601 (Authentication-Results), RFC 7489 (DMARC, identifier alignment).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_RESULT = re.compile(r"([a-z0-9-]+)\s*(?:/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"([a-z]+)\s*\.\s*([a-z0-9_-]+)\s*=\s*([^\s;]+)", re.IGNORECASE)


def doubt(headers: list[str], authserv_id: str, domain: str) -> str:
    """Why an address of that domain is not believed; empty where it is.

    Only the topmost header of that server counts: a server writes above what has come with the mail, so those
    below may be the sender's own inventions, and those of other servers always may.

    Args:
        headers: The values of all `Authentication-Results`, topmost first.
        authserv_id: Whose word counts.
        domain: Of the address in `From`.
    """
    ours = (value for value in headers if _server(value) == authserv_id.lower())
    value = next(ours, None)
    if value is None:
        return f"{authserv_id} has not checked who sent it"
    if any(_vouches(*result, domain.lower()) for result in _results(value)):
        return ""
    return f"{authserv_id} does not vouch for its being from {domain}"


def servers(headers: list[str]) -> list[str]:
    """The names of those who have written such headers, topmost first."""
    return [name for name in map(_server, headers) if name]


def _server(value: str) -> str:
    """The name that a header begins with; a version may follow it."""
    words = _plain(value).partition(";")[0].split()
    return words[0].lower() if words else ""


def _results(value: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(method, result, properties) of each part of a header."""
    for part in _plain(value).split(";")[1:]:
        if found := _RESULT.match(part.strip()):
            given = {f"{kind}.{name}".lower(): text for kind, name, text in _PROPERTY.findall(part)}
            yield found[1].lower(), found[2].lower(), given


def _vouches(method: str, result: str, given: dict[str, str], domain: str) -> bool:
    """DMARC for the very domain; DKIM by it or by a domain above it. SPF alone says nothing of `From`."""
    if result != "pass":
        return False
    if method == "dmarc":
        return given.get("header.from", "").lower() == domain
    if method != "dkim":
        return False
    signer = (given.get("header.d") or given.get("header.i", "").rpartition("@")[2]).lower().strip(".")
    return bool(signer) and "." in signer and (domain == signer or domain.endswith(f".{signer}"))


def _plain(value: str) -> str:
    """In one line, without comments and without what is in quotes: either may be the sender's own words.

    Empty where one of them does not end.
    """
    kept: list[str] = []
    depth, is_quoted, characters = 0, False, iter(value)
    for c in characters:
        if c == "\\":
            next(characters, "")  # what it takes its meaning from
        elif is_quoted or (c == '"' and not depth):
            is_quoted = c != '"' if is_quoted else True
            kept.append("_" if is_quoted else "")
        elif c == "(":
            depth += 1
        elif c == ")" and depth:
            depth -= 1
            kept.append(" ")
        elif not depth:
            kept.append(c)
    return "" if depth or is_quoted else " ".join("".join(kept).split())
