"""Tab in a line of our magics: the hook in IPython's completer. The first Tab imports what is offered."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

NAME = "nbalert"
"""What the completer calls it."""

_OURS = re.compile(r"\s*(?:\w+\s*=\s*)?(?P<percent>%%?)(?P<magic>alert|ask|nbalert)\s(?P<rest>.*)", re.DOTALL)


def load(shell: Any, magics: Mapping[str, Any]) -> None:
    """Offer channels, options and their values.

    Args:
        magics: Of a shell, by name; each decorated by `magic_arguments`.
    """

    def matches(context: Any) -> dict[str, Any]:
        ours = _OURS.fullmatch(context.text_until_cursor)
        if ours is None:
            return {"completions": []}  # a new one: the completer writes into it
        parser = magics[ours["magic"]].parser
        return _offered(parser, ours["magic"], ours["rest"], is_cell=ours["percent"] == "%%")

    unload(shell)
    # The form of IPython's `context_matcher`.
    matches.matcher_api_version, matches.matcher_identifier = 2, NAME  # type: ignore[attr-defined]
    shell.Completer.custom_matchers.append(matches)


def unload(shell: Any) -> None:
    """Leave nothing behind."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if getattr(one, "matcher_identifier", "") != NAME]


def _offered(parser: Any, magic: str, rest: str, *, is_cell: bool) -> dict[str, Any]:
    from nbalert.completion import offered  # brings settings and channels: paid by the first Tab

    completer = sys.modules["IPython.core.completer"]
    fragment, words = offered(parser, magic, rest, is_cell=is_cell)
    made = [
        completer.SimpleCompletion(text=word, type="param" if word.startswith("-") else "keyword")
        for word in words
    ]
    return {"completions": made, "matched_fragment": fragment, "suppress": bool(made), "ordered": True}
