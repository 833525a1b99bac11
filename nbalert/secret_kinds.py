"""What a name says of what is called so, and what is written where a secret would be."""

from __future__ import annotations

from functools import lru_cache

from nbalert.blots import OPENS
from nbalert.compiling import compiled

_PASSWORDS = frozenset(
    (
        *("password", "passwd", "passphrase", "pwd", "passcode", "kennwort", "passwort"),
        *("passwords", "passwds"),
    )
)
_LAST = _PASSWORDS | {"secret", "token", "apikey", "credential", "credentials"}
_SECOND = frozenset(("pass", "pw", "psw"))
"""Secret only with a word before them: `db_pass`."""
_KEYS = ("api", "access", "private", "secret", "auth", "account", "signing", "encryption", "license")
_PAIRS = frozenset(f"{first} key" for first in _KEYS) | {"connection string", "conn str", "auth header"}
_WORD = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+"
_VARIABLE = r"[A-Za-z_][A-Za-z_]*(?:\.[A-Za-z_]\w*)*"
_NOTHING = (
    r"(?is)[*x.•·…-]*|(?:true|false|none|null|nil|undefined|empty|missing|required|optional|invalid|expired|unknown"
    r"|default|str|string|int|float|bool|bytes|object|any|optional\[.*|not|is|was|must|hidden|redacted|secret"
    r"|password|passwd|token|key|value|pw|pwd|self|args|kwargs|yes|no|ok)|\$.*|%.*|[<{\[(].*|\.\.\..*"
    r"|(?:env|file|keyring):.*|os\.environ.*|/[\w./-]*|~/.*|https?://[^?@]*"
)


@lru_cache(maxsize=4096)
def kind_of_name(name: str) -> str:
    """What is called so, in a word, if it is a secret: `db_password`, `apiKey`; empty for `max_tokens`."""
    words: list[str] = [word.lower() for word in compiled(_WORD).findall(name)]
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if not words:
        return ""
    last, pair = words[-1], " ".join(words[-2:])
    if last in _PASSWORDS or (last in _SECOND and len(words) > 1):
        return "password"
    if pair in _PAIRS or pair == "key base":
        return pair.replace("conn str", "connection string").replace("key base", "secret key")
    if last in _LAST:
        return {"apikey": "api key", "credentials": "credential"}.get(last, last)
    return "secret" if words[-2:-1] == ["secret"] else ""


def is_placeholder(value: str) -> bool:
    """Whether a value stands for a secret rather than being one: `None`, `***`, `$TOKEN`, a blot."""
    return value.startswith(OPENS[:1]) or (compiled(_NOTHING).fullmatch(value) is not None)


def is_word(value: str) -> bool:
    """Whether a value is too little to be a secret: a sign, or what stands for one."""
    return len(value) < 3 or is_placeholder(value)


def is_variable(value: str) -> bool:
    """Whether a value could be a name in a program, such as `self.token`."""
    return compiled(_VARIABLE).fullmatch(value) is not None
