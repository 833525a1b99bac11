"""The words of `nbalert route` and `%nbalert route`: who would hear an alert, without sending one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from nbalert.option_types import LEVELS, duration
from nbalert.words_parser import WordsParser

ABOUT = """Who would hear such an alert by the settings as they are here. Nothing is sent, and what the
courier knows (what was told when, silences, rates) is not looked at: --before says how the last run ended."""


def run_words(words: Sequence[str]) -> None:
    """Do what the words after `%nbalert route` say.

    Raises:
        SettingsError: They are no words of it, or the settings are wrong.
    """
    parser = WordsParser(prog="%nbalert route", add_help=False)
    add_options(parser)
    run(parser.parse_args(list(words)))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser what an alert can have."""
    parser.add_argument("-c", "--channel", action="append", default=[], help="whom its sender names")
    parser.add_argument("--topic", default="", help="what it is published to")
    parser.add_argument("-l", "--level", type=str.upper, choices=LEVELS, default="INFO", help="how bad it is")
    parser.add_argument(
        "--before", type=str.upper, choices=LEVELS, default="OK", help="level at its last run"
    )
    parser.add_argument("-t", "--title", default="", help="its title")
    parser.add_argument("--notebook", default="", help="its path")
    parser.add_argument("--took", type=duration, default=None, help="how long it ran: 90s, 10m")
    parser.add_argument(
        "--metadata",
        metavar="KEY=VALUE",
        type=_pair,
        action="append",
        default=[],
        help="a field of its metadata; may be repeated",
    )
    parser.add_argument("--explain", action="store_true", help="also say who does not hear it, and why")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print who hears it: a line a channel, or with `--explain` one a handler."""
    from nbalert.explaining import explained  # brings pydantic and more: other commands do without
    from nbalert.matching import Alert, Change
    from nbalert.message import Level
    from nbalert.posting import addressed
    from nbalert.process import client

    level, before = Level[options.level], Level[options.before]
    alert = Alert(
        topic=options.topic,
        level=level,
        title=options.title,
        name=options.title,
        notebook=options.notebook,
        duration_s=options.took,
        metadata=dict(options.metadata),
    )
    channels = addressed(options.channel, options.topic)
    said = explained(client().settings, alert, Change(before, level), channels)
    told = said if options.explain else [one for one in said if one.is_heard]
    width = max((len(one.channel) for one in told), default=0)
    for one in told:
        mark = "gets it" if one.is_heard else "does not"
        by = f"by {one.handler}" if one.is_heard else f"({one.handler})"
        print(f"{one.channel:<{width}}  {mark} {by}: {one.why}")
    if not any(one.is_heard for one in said):
        print("nobody hears it" + ("" if options.explain else "; --explain says why"))


def _pair(text: str) -> tuple[str, Any]:
    from nbalert.described import toml_value

    key, sign, value = text.partition("=")
    if not key or not sign:
        raise argparse.ArgumentTypeError(f"{text!r}: write KEY=VALUE")
    return key, toml_value(value)
