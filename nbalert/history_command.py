"""The words of `nbalert history` and `%nbalert history`: which messages, and how they are shown."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from nbalert.history_words import STATES
from nbalert.kernel_name import session_name
from nbalert.option_types import LEVELS, count, duration
from nbalert.words_parser import WordsParser

NEWEST = 20
THIS = "this"
UNDELIVERED = "undelivered"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser what the history can be filtered by."""
    parser.add_argument("number", nargs="?", type=count, help=f"how many messages ({NEWEST})")
    parser.add_argument("-n", "--limit", type=count, default=NEWEST, metavar="NUMBER", help="the same")
    parser.add_argument(
        "--notebook",
        default="",
        help=f"path or file name, which may be a pattern; in a notebook {THIS} for itself",
    )
    parser.add_argument("--since", type=duration, default=None, help="how old at most: 1h, 1d, 7d")
    parser.add_argument("-l", "--level", type=str.upper, choices=LEVELS, default="", help="of this level")
    parser.add_argument("-c", "--channel", default=None, help="its name")
    parser.add_argument("--state", choices=STATES, default="", help="what became of it")
    parser.add_argument(
        "--failed",
        action="store_const",
        dest="state",
        const=UNDELIVERED,
        help=f"what did not arrive, with its ids: --state {UNDELIVERED}",
    )


def run_words(words: Sequence[str]) -> None:
    """Show what the words after `%nbalert history` say: to somebody in a notebook as a table with filters.

    Raises:
        SettingsError: They are no words of it.
    """
    from nbalert.history import Reader  # brings the client: the words alone do without
    from nbalert.process import client
    from nbalert.widgets.where import is_before_somebody

    parser = WordsParser(prog="%nbalert history", add_help=False)
    add_options(parser)
    options = parser.parse_args(list(words))
    if is_before_somebody():
        from nbalert.widgets.history_view import HistoryView  # ipywidgets is paid for by who uses it

        HistoryView(Reader(client()), wanted(options), this_notebook()).show()
    else:
        print(text(options))


def text(options: argparse.Namespace) -> str:
    """The history as lines."""
    from nbalert.history import Reader
    from nbalert.process import client
    from nbalert.show import failed_text, history_text

    asked = wanted(options)
    rows = Reader(client()).rows(asked)
    if options.state == UNDELIVERED:
        return failed_text(rows)
    return history_text(rows) if rows or len(asked) == 1 else "nothing like that has been sent"


def wanted(options: argparse.Namespace) -> dict[str, Any]:
    """What the courier is asked for; what is not named is left out."""
    notebook = this_notebook() if options.notebook == THIS else options.notebook
    asked = {
        "notebook": notebook,
        "within_s": options.since,
        "level": options.level,
        "channel": options.channel,
        "state": options.state,
    }
    limit = options.limit if options.number is None else options.number
    return {"limit": limit, **{name: value for name, value in asked.items() if value}}


def this_notebook() -> str:
    """As messages name the notebook that runs here; empty where none is known."""
    from nbalert.process import client

    return client().notebook or session_name()
