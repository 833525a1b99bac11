"""Whether auto mode is on from the start: looked up with the first cell, for the price of two small files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nbalert.errors import NbalertError
from nbalert.home import Home
from nbalert.process import client

if TYPE_CHECKING:
    from nbalert.auto import Rule


def rule_from_settings() -> Rule | None:
    """What `[auto]` says; None where it says nothing. A fault is one line, and no error."""
    if not _is_mentioned():
        return None
    try:
        chosen = client().settings.auto
    except NbalertError as error:
        print(f"nbalert: auto mode is not on: {error}", file=sys.stderr)
        return None
    from nbalert.auto import Rule  # brings what only recording needs

    if chosen is None:
        return None
    return Rule(
        after_s=chosen.after,
        channels=(chosen.channel,) if chosen.channel else (),
        on=chosen.on,
        topic=chosen.topic,
    )


def _is_mentioned() -> bool:
    """Reading the settings as they are takes pydantic: most kernels can do without it until they alert."""
    if any(name.startswith("NBALERT_AUTO") for name in os.environ):
        return True
    home = Home.find()
    return any(_has_the_word(path) for path in (home.settings, home.site))


def _has_the_word(path: Path) -> bool:
    try:
        return b"auto" in path.read_bytes()
    except OSError:
        return False
