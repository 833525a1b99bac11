"""The words of `nbalert channels` and `%nbalert channels`; what they do is imported when it is done."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any

from nbalert.words_parser import WordsParser

_ADD = """Settings are written key=value: approvers=U012AB3CD,U045EF6GH tls.verify=false. Secrets only ever
as a reference: token=env:SLACK_BOT_TOKEN, file:PATH or keyring:SERVICE/NAME. `nbalert channels kinds` lists
the kinds, `nbalert channels kinds KIND` what one can be told. me=ID says who you are there: who asks does not
answer."""


_OWN = """The class is named in your own settings, and loaded by every process of yours that can import it:
the courier, or a kernel whose folder it is in. Changes of its code count for processes that start afterwards
(`nbalert stop` ends the courier). A class that is written in a notebook is registered there, with
nbalert.register."""


_OPERANDS = {
    "name": "the channel's name in the settings",
    "kind": "which chat service, as kinds lists them",
    "source": "the class, as module.path:Class",
}


def run_words(words: Sequence[str]) -> int:
    """Do what the words after `%nbalert channels` say.

    Raises:
        SettingsError: They are no command; says what would be.
    """
    parser = WordsParser(prog="%nbalert channels", add_help=False)
    add_actions(parser, add_help=False)
    options = parser.parse_args(list(words))
    return int(options.run(options) or 0)


def add_actions(parser: argparse.ArgumentParser, *, add_help: bool = True) -> None:
    """Give a parser the actions; without one it lists."""
    parser.set_defaults(run=partial(_act, "list"))
    actions = parser.add_subparsers(metavar="ACTION", title="actions")

    def action(name: str, *arguments: str, **about: Any) -> argparse.ArgumentParser:
        one = actions.add_parser(name, add_help=add_help, **about)
        one.set_defaults(run=partial(_act, name))
        for argument in arguments:
            one.add_argument(argument, metavar=argument.upper(), help=_OPERANDS[argument])
        return one

    action("list", help="name, kind, and what is wrong with it; also without an action")
    one = action("kinds", help="what kinds there are, or what one of them can be told")
    one.add_argument("kind", metavar="KIND", nargs="?", help="one of them; all if left out")
    one = action("add", "name", "kind", help="write a channel into nbalert.toml", description=_ADD)
    one.add_argument("settings", metavar="key=value", nargs="*", help="its settings")
    _in_project(one)
    _in_project(action("remove", "name", help="take a channel out of nbalert.toml"))
    _in_project(action("default", "name", help="where alerts go that name no channel"))
    one = action(
        "register", "source", help="a channel class of your own, as module.path:Class", description=_OWN
    )
    _in_project(one)
    one = action("test", help="what is missing, or a message that arrives")
    one.add_argument("name", metavar="NAME", nargs="?", help="the default channel if left out")
    one.add_argument("--ask", action="store_true", help="put a question, and see that an answer comes back")


def _in_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--project", action="store_true", help="in the nearest nbalert.toml, or here; not in your own"
    )


def _act(name: str, options: argparse.Namespace) -> int:
    from nbalert.channel_actions import ACTIONS  # brings pydantic and more: other commands do without

    return int(ACTIONS[name](options) or 0)
