"""What may stand next in a line of a magic: its options, what an option may be, channels, kinds, settings.

All of it is read from the parsers themselves, so that a new option needs no word here. What brings
settings is imported where they are wanted: JupyterLab waits a second for an answer, also on a busy machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from nbalert import channels_command, history_command, route_command
from nbalert.endings import TELLS
from nbalert.errors import NbalertError
from nbalert.process import client

_FOR_CELLS = "%%%%"
"""So the help of an option begins that only `%%alert` or `%%ask` has; with half of it, one for lines."""
_FOR_LINES = ("%%alert", "%%ask")
_MANY = ("*", "+", argparse.REMAINDER)


class _Place(NamedTuple):
    """Where in a command the cursor is.

    Args:
        action: Of which a value is expected; None where there can be none.
        is_value: Whether it is that of an option, and nothing else can stand there.
    """

    parser: argparse.ArgumentParser
    action: argparse.Action | None
    is_value: bool


def offered(
    parser: argparse.ArgumentParser, magic: str, rest: str, *, is_cell: bool
) -> tuple[str, list[str]]:
    """What fits, and the piece before the cursor that it takes the place of.

    Args:
        rest: What stands between the magic's name and the cursor.
        is_cell: Whether it is the cell magic of that name.
    """
    *words, last = rest.split(" ")
    words = [word for word in words if word]
    if rest.count('"') % 2:  # within a text of the user's
        return "", []
    if last.startswith("--") and "=" in last:
        option, _, last = last.partition("=")
        words.append(option)
    place = _place(parser, words) if magic != "nbalert" else _place_of_nbalert(parser, words)
    begun = last.rpartition(",")[2] if place.is_value else last
    known = _values(place.action, words) if place.action else []
    if not place.is_value and (last.startswith("-") or not known):
        known = [*known, *_options(place.parser, words, is_cell=is_cell)]
    return begun, [word for word in known if word.lower().startswith(begun.lower())]


def _place(parser: argparse.ArgumentParser, words: Sequence[str]) -> _Place:
    wanted = [action for action in parser._actions if not action.option_strings]
    option: argparse.Action | None = None
    for at, word in enumerate(words):
        if option is not None:
            option = None
        elif word in parser._option_string_actions:
            found = parser._option_string_actions[word]
            option = None if found.nargs == 0 else found
        elif wanted and not word.startswith("-"):
            if isinstance(wanted[0], argparse._SubParsersAction):
                inner = wanted[0].choices.get(word)
                return _place(inner, words[at + 1 :]) if inner else _Place(parser, None, False)
            if wanted[0].nargs not in _MANY:
                wanted = wanted[1:]
    return _Place(parser, option or (wanted[0] if wanted else None), option is not None)


def _place_of_nbalert(parser: argparse.ArgumentParser, words: Sequence[str]) -> _Place:
    """`%nbalert` takes a word, and that one has words of its own."""
    if not words:
        return _place(parser, words)
    inner = argparse.ArgumentParser(add_help=False)
    if words[0] in ("test", "config"):
        inner.add_argument("name", nargs="?")
    elif words[0] == "history":
        history_command.add_options(inner)
    elif words[0] == "silence":
        inner.add_argument("length")
        inner.add_argument("--alert")
        inner.add_argument("--topic")
    elif words[0] == "auto":
        from nbalert.auto_alerts import auto_parser

        inner = auto_parser()
    elif words[0] == "route":
        route_command.add_options(inner)
    elif words[0] == "channels":
        channels_command.add_actions(inner, add_help=False)
    return _place(inner, words[1:])


def _options(parser: argparse.ArgumentParser, words: Sequence[str], *, is_cell: bool) -> list[str]:
    """The long names; of each only once, unless it may be repeated."""
    fitting = [
        action
        for action in parser._actions
        if action.option_strings and (_fits_cell(action) if is_cell else _fits_line(action))
    ]
    return [
        action.option_strings[-1]
        for action in fitting
        if isinstance(action, argparse._AppendAction) or not set(action.option_strings) & set(words)
    ]


def _fits_cell(action: argparse.Action) -> bool:
    return not (action.help or "").startswith(_FOR_LINES) and action.dest != "no_raise"


def _fits_line(action: argparse.Action) -> bool:
    return not (action.help or "").startswith(_FOR_CELLS)


def _values(action: argparse.Action, words: Sequence[str]) -> list[str]:
    if action.choices is not None:
        return [str(word) for word in action.choices if word]
    with suppress(NbalertError, OSError):  # wrong settings are told by whatever uses them
        return sorted(_KNOWN[action.dest](words)) if action.dest in _KNOWN else []
    return []


def _channels(words: Sequence[str]) -> Iterable[str]:
    return () if words[1:2] == ["add"] else client().settings.channels  # what is added has a new name


def _kinds(words: Sequence[str]) -> Iterable[str]:
    from nbalert import channels
    from nbalert.channels import sources

    sources.learn(client().settings.kinds)
    return channels.kinds()


def _settings(words: Sequence[str]) -> Iterable[str]:
    """Of the kind that is named: `channels add team slack `."""
    from nbalert import channels
    from nbalert.described import described

    cls = channels.channel_class(words[3])
    said = {word.partition("=")[0] for word in words}
    return [f"{one.key}=" for one in described(cls.Settings) if one.key != "kind" and one.key not in said]


def _said(*words: str) -> Callable[[Any], Iterable[str]]:
    return lambda _: words


_KNOWN: Mapping[str, Callable[[Sequence[str]], Iterable[str]]] = {
    "channel": _channels,
    "name": _channels,
    "kind": _kinds,
    "settings": _settings,
    "on": _said(*TELLS),
    "after": _said("30s", "1m", "10m"),
    "every": _said("1m", "10m", "1h"),
    "since": _said("1h", "1d", "7d"),
    "notebook": _said(history_command.THIS),
    "length": _said("1h", "8h", "off"),
    "timeout": _said("10m", "1h", "never"),
}
"""What a value may be, by the name of its option; of all others nothing is known before."""
