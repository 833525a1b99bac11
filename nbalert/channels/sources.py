"""Channel classes of one's own by where they are: `mychat = "module:Class"` below `[kinds]` in the settings.

Every process has them from the settings that it reads, and the courier from those that processes bring. Who
cannot import a class leaves its channels to a process that can.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module

from nbalert.channels.base import Channel
from nbalert.errors import SettingsError
from nbalert.forks import whole_modules

_SOURCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_known: dict[str, str] = {}


def learn(kinds: Mapping[str, str]) -> None:
    """The user's settings of now: kind → `module:Class`; those of before count no longer."""
    if kinds != _known:
        _known.clear()
        _known.update(kinds)


def known() -> Mapping[str, str]:
    """Kind → `module:Class`."""
    return dict(_known)


def imported(source: str) -> type[Channel]:
    """The class at `module:Class`.

    Raises:
        SettingsError: It cannot be imported here, or is no channel; goes on from the words `the kind …`.
    """
    if not _SOURCE.fullmatch(source):
        raise SettingsError(f"is not at {source!r}: a source is written module.path:Class")
    module, _, name = source.partition(":")
    try:
        with whole_modules():
            found = getattr(import_module(module), name)
    except Exception as error:  # another's module may raise anything
        raise SettingsError(f"cannot be loaded from {source}: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Channel)):
        raise SettingsError(f"is none: {source} is not a Channel")
    return found


def is_here(source: str) -> bool:
    """Whether this process can import it."""
    try:
        imported(source)
    except SettingsError:
        return False
    return True
