"""Secrets that are told by what they are called: `password = …`, `"api_key": …`, `--token …`, headers.

Who reads code knows more of it than its words (`secret_strings`); this is for all other text. There
`token: 5` is a count, `password: must have 8 characters` prose, and `password=password` hands on a variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from nbalert.blots import OPENS, Secret
from nbalert.secret_formats import in_queries, is_signature

_PASSWORDS = frozenset(("password", "passwd", "passphrase", "pwd", "passcode", "kennwort", "passwort"))
_LAST = _PASSWORDS | {"secret", "token", "apikey", "credential", "credentials"}
_SECOND = frozenset(("pass", "pw", "psw"))
"""Secret only with a word before them: `db_pass`."""
_KEYS = ("api", "access", "private", "secret", "auth", "account", "signing", "encryption", "license")
_PAIRS = frozenset(f"{first} key" for first in _KEYS) | {"connection string", "conn str", "auth header"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_ENDS = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "passwort", "kennwort", "pass", "pw", "psw"),
    *("secret", "token", "key", "credential", "connection_string", "connectionstring", "conn_str"),
)
"""What the names above end with, in small letters; each is looked for by itself, which is faster."""
_AFTER_NAME = (
    r"""(?:s|_?\d{1,3}|_key_base|_id|_value|_str)?[\\"'`\])]{0,4}"""
    r"""(?:[ \t]{0,3}(?::=|=>|==|[:=])|</\w+>\s*<|>)"""
)
_VALUE = re.compile(
    r"""(?:\w+>)?[ \t]*(?:Secret\w{0,12}\()?[rbfuRBFU]{0,2}(?:
        (?P<triple>\\?(?:\"\"\"|'''))(?P<long>(?:\\.|(?!(?P=triple)).){0,4096}?)(?:(?P=triple)|\Z)
        | (?P<open>\\?["'`])(?P<quoted>(?:\\.|(?!(?P=open))[^\n]){0,4096}?)(?:(?P=open)|\n|\Z)
        | (?P<plain>[^\s"'`,;&<>|(){}\[\]][^\s"'`,;&<>|(){}\[\]]*)(?P<next>[(\[]|[ ]\S)?
    )""",
    re.VERBOSE | re.DOTALL,
)
_BEFORE = re.compile(r"[\w.-]+$")
_OPTION = re.compile(
    r"--?(?P<name>[\w-]{2,40})[\"']?,?(?:[ \t]+|=)[\"']?(?P<secret>[^\s\"',;|&«]+)"
    r"|(?:(?<=\s)-u|--user)[ =][\"']?[^\s:\"'/]+:(?P<user>[^\s\"'«]+)"
)
_LINES = re.compile(
    r"""
    (?P<scheme>\b(?i:bearer|basic|apikey|negotiate|splunk))[ ]+(?P<bearer>[\w.+/=~:-]{12,})
    | (?i:authorization)[\\"'\]]{0,4}\s*[:=]\s*[\\"']{0,2}(?:[A-Za-z]{3,12}[ ]+)?
      (?P<authorization>[^\s"'\\,;<>«]{6,})
    | (?i:\b(?:set-)?cookie)[\\"'\]]{0,4}\s*[:=]\s*[\\"']{0,2}(?P<cookie>[\w.-]+=[^"'\\\n«]+)
    | \blogin\s+\S+\s+password\s+(?P<netrc>\S+)
    | (?i:identified\s+by|password)\s+(?P<quote>['"])(?P<sql>[^'"\n«]+)(?P=quote)
    | \bsshpass\s+-p\s*(?P<sshpass>[^\s«]+)
    | \b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;]*?\s-p(?P<mysql>[^\s«]+)
    """,
    re.VERBOSE,
)
_LINE_MARKS = (
    *("bearer", "basic", "apikey", "negotiate", "splunk", "authorization", "cookie", "login"),
    *("identified", "password", "sshpass", " -p"),
)
_HINTS = (*_ENDS, *_LINE_MARKS, "--", " -u")
_NOTHING = re.compile(
    r"[*x.•·…-]*|(?:true|false|none|null|nil|undefined|empty|missing|required|optional|invalid|expired|unknown"
    r"|default|str|string|int|float|bool|bytes|object|any|optional\[.*|not|is|was|must|hidden|redacted|secret"
    r"|password|passwd|token|key|value|pw|pwd|self|args|kwargs|yes|no|ok)|\$.*|%.*|[<{\[(].*|\.\.\..*"
    r"|(?:env|file|keyring):.*|os\.environ.*|/[\w./-]*|~/.*|https?://[^?@]*",
    re.IGNORECASE | re.DOTALL,
)
_OFTEN_SAID = frozenset(("token", "secret", "credential"))
"""By itself a word of many texts: of lexers, of language models, of prose."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z_]*(?:\.[A-Za-z_]\w*)*")


@lru_cache(maxsize=4096)
def kind_of_name(name: str) -> str:
    """What is called so, in a word, if it is a secret: `db_password`, `apiKey`; empty for `max_tokens`."""
    words: list[str] = [word.lower() for word in _WORD.findall(name)]
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
    return value.startswith(OPENS[:1]) or _NOTHING.fullmatch(value) is not None


def is_word(value: str) -> bool:
    """Whether a value is too little to be a secret: a sign, or what stands for one."""
    return len(value) < 3 or is_placeholder(value)


def may_be_named(text: str) -> bool:
    """Whether anything in a text could be found by its name; costs next to nothing."""
    small = text.lower()
    return any(hint in small for hint in _HINTS) or ("=" in small and ("?" in small or "&" in small))


def named(text: str, *, is_code: bool = False) -> Iterator[Secret]:
    """Secrets that stand behind their name.

    Args:
        is_code: Whether bare words are names of variables rather than values.
    """
    small = text.lower()
    if len(small) != len(text):  # letters whose small form is longer
        small = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    for end in _ENDS:
        if end in small:
            yield from _after(end, text, small, is_code)
    if "--" in small or " -" in small or '"-' in small or "'-" in small:
        yield from _options(text)
    if any(mark in small for mark in _LINE_MARKS):
        yield from _in_lines(text)
    for name, secret in in_queries(text):
        if kind_of_name(name) or is_signature(name):
            yield secret


@lru_cache(maxsize=64)
def _pattern(end: str) -> re.Pattern[str]:
    return re.compile(re.escape(end) + _AFTER_NAME)


def _after(end: str, text: str, small: str, is_code: bool) -> Iterator[Secret]:
    for match in _pattern(end).finditer(small):
        at = match.start()
        before = _BEFORE.search(text, max(0, at - 40), at)
        name = text[before.start() if before else at : at + len(end)]
        if not (kind := kind_of_name(name)):
            continue
        value = _VALUE.match(text, match.end())
        if value is None:
            continue
        group = next(name for name in ("long", "quoted", "plain") if value[name] is not None)
        if _is_value(value[group], kind, name, value, is_code):
            yield Secret(*value.span(group), kind)


def _is_value(value: str, kind: str, name: str, match: re.Match[str], is_code: bool) -> bool:
    """Whether that is a secret, and not what stands for one, or is said of one."""
    if is_word(value):
        return False
    is_plain = match["plain"] is not None
    if match["open"] and value[0] in " ),;:]}":
        return False  # between two texts in quotes
    if is_plain and (match["next"] in ("(", "[") or _is_said(value, match, is_code)):
        return False
    if value.replace(".", "").replace(",", "").isdigit():
        return len(value) >= (4 if kind == "password" else 16)
    if kind in _OFTEN_SAID and name.isalpha() and (is_plain or kind == "token"):
        return _is_random(value)
    return kind == "password" or len(value) >= 6


def _is_said(value: str, match: re.Match[str], is_code: bool) -> bool:
    """Bare words: a variable in code, the beginning of a sentence elsewhere."""
    word = value.rstrip(".:!?")
    if not _NAME.fullmatch(word):
        return False
    return is_code or "." in word or match["next"] is not None


def _is_random(value: str) -> bool:
    return len(value) >= 12 and " " not in value and any(map(str.isdigit, value))


def _options(text: str) -> Iterator[Secret]:
    for match in _OPTION.finditer(text):
        if (user := match["user"]) is not None:
            if not user.isdigit() and not is_placeholder(user):
                yield Secret(*match.span("user"), "password")
        elif (kind := kind_of_name(match["name"])) and _is_given(match["secret"]):
            yield Secret(*match.span("secret"), kind)


def _is_given(value: str) -> bool:
    return len(value) >= 3 and not value.startswith("-") and not is_placeholder(value)


def _in_lines(text: str) -> Iterator[Secret]:
    for match in _LINES.finditer(text):
        group = match.lastgroup or ""
        group = "sql" if group == "quote" else group
        if is_placeholder(match[group]) or _is_prose(group, match[group], match["scheme"]):
            continue
        kind = {"bearer": "token", "authorization": "authorization", "cookie": "cookie"}.get(
            group, "password"
        )
        yield Secret(*match.span(group), kind)


_SAID = frozenset(("authentication", "authorization", "configuration"))
_SCHEMES = frozenset(("bearer", "basic", "token", "digest", "apikey", "negotiate"))


def _is_prose(group: str, value: str, scheme: str | None) -> bool:
    """`basic configuration`, `Authorization: self.token`."""
    if group == "bearer":
        word = value.rstrip(".:")
        return word.isalpha() and word.islower() and (word in _SAID or (scheme or "").lower() != "bearer")
    if group == "authorization":
        return value.lower() in _SCHEMES or "(" in value or _NAME.fullmatch(value) is not None
    return False
