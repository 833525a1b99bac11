"""The words of a magic's line, split before `{expr}` is filled in: a value is never an option."""

from __future__ import annotations

import shlex

_PRIVATE = 0xE000
_SPECIAL = " \t\"'\\"
_HIDE = {ord(char): _PRIVATE + ord(char) for char in _SPECIAL}
_SHOW = {private: char for char, private in _HIDE.items()}


def line_words(line: str) -> list[str]:
    """The words as a shell has them, quotes taken off; `{expr}` is one piece whatever stands in it."""
    try:
        words = shlex.split(_hidden(line))
    except ValueError:
        words = line.split()  # an apostrophe in free text
    return [word.translate(_SHOW) for word in words]


def _hidden(line: str) -> str:
    """The line with what is special to a shell hidden inside braces; as it is where braces do not match."""
    depth, hidden = 0, []
    for char in line:
        depth += {"{": 1, "}": -1}.get(char, 0)
        hidden.append(char.translate(_HIDE) if depth > 0 else char)
    return "".join(hidden) if depth == 0 else line
