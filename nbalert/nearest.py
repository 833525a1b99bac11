"""What somebody may have meant: usage errors with the nearest word that would have been right."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CHOICE = re.compile(r"invalid choice: '(?P<word>[^']*)' \(choose from (?P<known>[^)]*)\)")
_POSITIONAL = re.compile(r"^argument \w+: ")
_OPTION = re.compile(r"unrecognized arguments: (?P<word>-[\w-]+)")


def hint(word: str, known: Iterable[str]) -> str:
    """` (did you mean team?)`; empty where nothing is near."""
    import difflib  # an error pays for it, and not %load_ext

    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def with_nearest(message: str, help_: str) -> str:
    """An error of argparse, with the nearest of what it would have taken.

    Args:
        help_: Of the same parser: names its options.
    """
    if found := _CHOICE.search(message):
        word, known = found["word"], re.findall(r"[\w-]+", found["known"])
        option = _POSITIONAL.sub("", message[: found.start()])
        return f"{option}{word!r}: choose one of {', '.join(known)}{hint(word, known)}"
    if found := _OPTION.search(message):
        word = found["word"]
        return f"unknown option {word}{hint(word, re.findall(r'--[a-z-]+', help_))}"
    return message
