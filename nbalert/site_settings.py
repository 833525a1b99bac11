"""The `nbalert.toml` that an administrator writes for everybody on a machine: a layer below each user's own.

Nobody's magics, commands or forms write it. A user's file says otherwise where it likes, save what is
`locked` there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbalert.errors import SettingsError
from nbalert.layers import ENVIRONMENT, Layer

_BY_ENTRY = ("channels", "groups", "kinds")
"""Tables whose entries stand side by side, whoever has written them."""


def refuse_personal(site: Layer, path: Path) -> None:
    """Who somebody is differs from user to user.

    Raises:
        SettingsError: The file for everybody says it.
    """
    if site.me:
        raise SettingsError(f"{path}: me: is for each user's own settings: who asks is to be told apart")


def under(site: Layer, user: Layer) -> Layer:
    """Both as one layer: the user's keys and channels before those for everybody; all patterns count."""
    values: dict[str, Any] = {key: getattr(user, key) for key in user.model_fields_set}
    values |= {key: {**getattr(site, key), **getattr(user, key)} for key in _BY_ENTRY}
    if site.redact and user.redact is not False:
        values["redact"] = tuple(dict.fromkeys((*site.redact, *user.redact)))
    return site.model_copy(update=values)


def refuse_locked(site: Layer, path: Path, layers: dict[str, Layer]) -> None:
    """What is locked for everybody is said by nobody else.

    Args:
        path: Of the file for everybody.
        layers: All others, by their file.

    Raises:
        SettingsError: One of them says it.
    """
    for where, layer in layers.items():
        if layer.locked:
            instead = "unset it" if where == ENVIRONMENT else "take it out"
            raise SettingsError(f"{where}: locked: belongs into {path}, the file for everybody; {instead}")
        said = set(_said(layer))
        if taken := [key for key in site.locked if key in said]:
            raise SettingsError(f"{where}: {taken[0]} is locked by {path}; take it out")


def _said(layer: Layer) -> Iterator[str]:
    """Keys that a layer has, and channels by name: `channels.team`."""
    for key in layer.model_fields_set:
        yield key
        if key in _BY_ENTRY:
            yield from (f"{key}.{name}" for name in getattr(layer, key))
