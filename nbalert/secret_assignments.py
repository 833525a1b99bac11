"""Secrets that stand behind a name and a sign: `password = …`, `"api_key": …`, `<token>…`.

There `token: 5` is a count, `password: must have 8 characters` prose, and `password=password` hands on a
variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from nbalert.blots import Secret
from nbalert.compiling import compiled
from nbalert.secret_kinds import is_variable, is_word, kind_of_name

_PASSWORD_ENDS = {
    "pass": ("", "word", "words", "wd", "wds", "phrase", "code", "wort"),
    "kennwort": ("",),
    "pw": ("", "d"),
    "psw": ("",),
}
ENDS = {
    **_PASSWORD_ENDS,
    "secret": ("", "s"),
    "token": ("",),
    "key": ("",),
    "credential": ("", "s"),
    "connection": ("string", "_string"),
    "conn": ("_str",),
}
"""How what the names above end with begins, in small letters, and how it goes on.

Each beginning is looked for by itself, which is faster.
"""
_WORDS = {
    start: tuple(f"{(start + rest).partition('_')[0]}\n" for rest in rests) for start, rests in ENDS.items()
}
"""How a word ends where such a name stands (`Words.small`), by the name's beginning."""
_AFTER_NAME = (
    r"""(?:_?\d{1,3}|_key_base|_id|_value|_str)?[\\"'`\])]{0,4}"""
    r"""(?:[ \t]{0,3}(?::=|=>|==|[:=])|</\w+>\s*<|>)"""
)
_NO_COUNT = r"""(?![ \t]*["']?\d[\d.,]{0,10}["']?(?:[\s;)}\]]|$))"""
PLAIN_CHARS = 512
"""A value without quotes that is longer is looked at once, however many names stand in it."""
_VALUE = rf"""(?xs)(?:\w+>)?[ \t]*(?:Secret\w{{0,12}}\()?[rbfuRBFU]{{0,2}}(?:
        (?P<triple>\\?(?:\"\"\"|\'\'\'))(?P<long>(?:\\.|(?!(?P=triple)).){{0,4096}})
        | \\["'](?P<escaped>[^"'\\\n]{{0,4096}})
        | "(?P<double>(?:[^"\\\n]|\\.){{0,4096}})
        | '(?P<single>(?:[^'\\\n]|\\.){{0,4096}})
        | `(?P<ticked>[^`\n]{{0,4096}})
        | (?P<plain>[^\s"'`,;&<>|(){{}}\[\]]{{1,{PLAIN_CHARS}}})(?P<next>[(\[]|[ ]\S)?
    )"""
_PLAIN = r"""([^\s"'`,;&<>|(){}\[\]]*)([(\[]|[ ]\S)?"""
_ALONE = r"(?:export|set|ENV|[-+>])?\s*"
_ALONE_CHARS = 1000
"""What stands further in than this is no line of its own."""
_REST = r"\S+(?=[ \t]*(?:[\r\n]|$))"
_BEFORE = r"[\w.-]+$"
_OFTEN_SAID = frozenset(("token", "secret", "credential"))
"""By itself a word of many texts: of lexers, of language models, of prose."""


def may_be_assigned(start: str, small: str) -> bool:
    """Whether a text has a name with such a last part; `small` as `Words` tells it."""
    return any(word in small for word in _WORDS[start])


@cache
def _pattern(start: str) -> re.Pattern[str]:
    """The end of a name, what may stand behind it, and no count."""
    end = f"{start}({'|'.join(ENDS[start])})"
    return re.compile(end + _AFTER_NAME + ("" if start in _PASSWORD_ENDS else _NO_COUNT))


def assigned(beginning: str, text: str, small: str, is_code: bool) -> Iterator[Secret]:
    """What is called so.

    Args:
        beginning: Of the last part of the name.
        small: The text in small letters.
    """
    pattern, long_end = compiled(_VALUE), 0
    for match in _pattern(beginning).finditer(small):
        name_end = match.end(1)
        name = _name(text, match.start(), name_end)
        if not (kind := kind_of_name(name)):
            continue
        value = pattern.match(text, match.end())
        if value is None:
            continue
        group = next(name for name in _GROUPS if value[name] is not None)
        start, stop = value.span(group)
        behind = value["next"]
        if stop - start == PLAIN_CHARS and group == "plain":
            if start < long_end:  # in one that was looked at from its beginning
                yield Secret(start, long_end, kind)
                continue
            stop, behind = _long(text, stop)
            long_end = stop
        if group == "plain" and (rest := _rest_of_line(text, name_end - len(name), start)):
            stop, group = rest, "line"
        if _is_value(text[start:stop], kind, name, group, behind, is_code):
            yield Secret(start, stop, kind)


def _name(text: str, at: int, end: int) -> str:
    """The name that ends there, its last part being from `at` on."""
    if at and (text[at - 1].isalnum() or text[at - 1] in "_.-\n"):
        before = compiled(_BEFORE).search(text, max(0, at - 40), at)
        at = before.start() if before else at
    return text[at:end]


def _long(text: str, at: int) -> tuple[int, str | None]:
    """Where a long value ends that goes on there, and what stands behind it."""
    rest = compiled(_PLAIN).match(text, at)
    assert rest
    return rest.end(1), rest[2]


_GROUPS = ("long", "escaped", "double", "single", "ticked", "plain")


def _rest_of_line(text: str, name_at: int, at: int) -> int | None:
    """Where a value ends that alone stands on a line with its name: it may have any sign in it."""
    rest = compiled(_REST).match(text, at) if _is_alone(text, name_at) else None
    return rest.end() if rest and text[at] not in "«<{([$%" else None


def _is_alone(text: str, name_at: int) -> bool:
    """Whether nothing but a sign, or a word of the shell, stands before a name on its line."""
    if name_at and not (text[name_at - 1].isspace() or text[name_at - 1] in "-+>tV"):
        return False
    _, is_line, lead = text[max(0, name_at - _ALONE_CHARS) : name_at].rpartition("\n")
    return (bool(is_line) or name_at <= _ALONE_CHARS) and compiled(_ALONE).fullmatch(lead) is not None


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
    if not is_variable(word):
        return False
    return is_code or "." in word or behind is not None


def _is_random(value: str) -> bool:
    return len(value) >= 12 and " " not in value and any(map(str.isdigit, value))
