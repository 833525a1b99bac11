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
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_PASSWORD_ENDS = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "passwort", "kennwort", "pass", "pw", "psw"),
    *("passwords", "passwds"),
)
_ENDS = (
    *_PASSWORD_ENDS,
    *("secret", "secrets", "token", "key", "credential", "credentials"),
    *("connection_string", "connectionstring", "conn_str"),
)
"""What the names above end with, in small letters; each is looked for by itself, which is faster."""
_AFTER_NAME = (
    r"""(?:_?\d{1,3}|_key_base|_id|_value|_str)?[\\"'`\])]{0,4}"""
    r"""(?:[ \t]{0,3}(?::=|=>|==|[:=])|</\w+>\s*<|>)"""
)
_NO_COUNT = r"""(?![ \t]*["']?\d[\d.,]{0,10}["']?(?:[\s;)}\]]|$))"""
_VALUE = re.compile(
    r"""(?:\w+>)?[ \t]*(?:Secret\w{0,12}\()?[rbfuRBFU]{0,2}(?:
        (?P<triple>\\?(?:\"\"\"|'''))(?P<long>(?:\\.|(?!(?P=triple)).){0,4096})
        | \\["'](?P<escaped>[^"'\\\n]{0,4096})
        | "(?P<double>(?:[^"\\\n]|\\.){0,4096})
        | '(?P<single>(?:[^'\\\n]|\\.){0,4096})
        | `(?P<ticked>[^`\n]{0,4096})
        | (?P<plain>[^\s"'`,;&<>|(){}\[\]]+)(?P<next>[(\[]|[ ]\S)?
    )""",
    re.VERBOSE | re.DOTALL,
)
_ALONE = re.compile(r"(?:export|set|ENV|[-+>])?\s*")
_REST = re.compile(r"\S+(?=[ \t]*(?:[\r\n]|$))")
_BEFORE = re.compile(r"[\w.-]+$")
_OPTION = re.compile(
    r"""--(?P<name>[\w-]{2,40})["']?,?(?:[ \t]+|=)(?:"([^"\n]+)|'([^'\n]+)|([^\s"',;|&«]+))"""
)
_SCHEMES = ("bearer", "basic", "apikey", "negotiate", "splunk")
_AFTER_HEADER = r"""[\\"'\]]{0,4}\s*[:=]\s*[\\"']{0,2}"""
_LINES = {
    **{f"{scheme} ": ("token", r"(?<![a-z0-9]%s)[ ]*([\w.+/=~:-]{12,})") for scheme in _SCHEMES},
    "authorization": (
        "authorization",
        _AFTER_HEADER + r"""(?:[a-z]{3,12}[ ]+)?([^\s"'\\,;<>«]{6,})""",
    ),
    "cookie": ("cookie", r"(?<![a-z]%s)" + _AFTER_HEADER + r"""([\w.-]+=[^"'\\\n«]+)"""),
    "login ": ("password", r"\s*\S+\s+password\s+(\S+)"),
    "identified by": ("password", r"""\s+['"]([^'"\n«]+)['"]"""),
    "password ": ("password", r"""\s*['"]([^'"\n«]+)['"]"""),
    "sshpass -p": ("password", r"\s*([^\s«]+)"),
    "mysql": ("password", r"[a-z]*\b[^\n|;]{0,200}?\s-p([^\s«]+)"),
    "mariadb": ("password", r"[a-z-]*\b[^\n|;]{0,200}?\s-p([^\s«]+)"),
    " -u ": ("password", r"""["']?[^\s:"'/]+:([^\s"'«]+)"""),
    "--user": ("password", r"""[ =]["']?[^\s:"'/]+:([^\s"'«]+)"""),
}
"""What a line has, in small letters; what that tells of, and where it stands, `%s` being what was found."""
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.-]*")
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
    if any(start in small for start in _LINES) or ("=" in small and ("?" in small or "&" in small)):
        return True
    if not any(end in small for end in _ENDS):
        return False
    return any(map(kind_of_name, set(_IDENTIFIER.findall(text))))


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
    for start in _LINES:
        if start in small:
            yield from _in_lines(start, text, small)
    if "--" in text:
        for match in _OPTION.finditer(text):
            group = match.lastindex or 0
            if (kind := kind_of_name(match["name"])) and _is_given(match[group]):
                yield Secret(*match.span(group), kind)
    for name, secret in in_queries(text):
        if kind_of_name(name) or is_signature(name):
            yield secret


@lru_cache(maxsize=64)
def _pattern(end: str) -> re.Pattern[str]:
    """The end of a name, what may stand behind it, and no count."""
    return re.compile(re.escape(end) + _AFTER_NAME + ("" if end in _PASSWORD_ENDS else _NO_COUNT))


@lru_cache(maxsize=64)
def _line(start: str) -> re.Pattern[str]:
    return re.compile(re.escape(start) + _LINES[start][1].replace("%s", re.escape(start)))


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
        group = next(name for name in _GROUPS if value[name] is not None)
        start, stop = value.span(group)
        if group == "plain" and (rest := _rest_of_line(text, at - len(name) + len(end), start)):
            stop, group = rest, "line"
        if _is_value(text[start:stop], kind, name, group, value["next"], is_code):
            yield Secret(start, stop, kind)


_GROUPS = ("long", "escaped", "double", "single", "ticked", "plain")


def _rest_of_line(text: str, name_at: int, at: int) -> int | None:
    """Where a value ends that alone stands on a line with its name: it may have any sign in it."""
    begin = text.rfind("\n", 0, name_at) + 1
    rest = _REST.match(text, at) if _ALONE.fullmatch(text, begin, name_at) else None
    return rest.end() if rest and text[at] not in "«<{([$%" else None


def _is_value(value: str, kind: str, name: str, group: str, behind: str | None, is_code: bool) -> bool:
    """Whether that is a secret, and not what stands for one, or is said of one."""
    if is_word(value):
        return False
    is_plain = group in ("plain", "line")
    if not is_plain and group != "long" and value[0] in " ),;:]}":
        return False  # between two texts in quotes
    if is_plain and (_is_call(value, behind, group) or _is_said(value, behind, is_code)):
        return False
    if value.replace(".", "").replace(",", "").isdigit():
        return len(value) >= (4 if kind == "password" else 16)
    if kind in _OFTEN_SAID and name.isalpha() and (is_plain or kind == "token"):
        return _is_random(value)
    return kind == "password" or len(value) >= 6


def _is_call(value: str, behind: str | None, group: str) -> bool:
    """`getpass()`, `row[2]`: what a program looks up."""
    return behind in ("(", "[") and (group == "plain" or value[-1] in ")]")


def _is_said(value: str, behind: str | None, is_code: bool) -> bool:
    """Bare words: a variable in code, the beginning of a sentence elsewhere."""
    word = value.rstrip(".:!?")
    if not _NAME.fullmatch(word):
        return False
    return is_code or "." in word or behind is not None


def _is_random(value: str) -> bool:
    return len(value) >= 12 and " " not in value and any(map(str.isdigit, value))


def _is_given(value: str) -> bool:
    return len(value) >= 3 and not value.startswith("-") and not is_placeholder(value)


def _in_lines(start: str, text: str, small: str) -> Iterator[Secret]:
    kind = _LINES[start][0]
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
        return value.lower() in (*_SCHEMES, "token", "digest") or "(" in value or bool(_NAME.fullmatch(value))
    return False
