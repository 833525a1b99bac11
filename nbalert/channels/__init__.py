"""The table of channel kinds, and the way from a settings table to a channel.

A kind is imported when it is first used: `%load_ext` pays for none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from nbalert.channels.base import Channel
from nbalert.errors import SettingsError
from nbalert.fields import ChannelSettings
from nbalert.forks import whole_modules
from nbalert.settings import ChannelTable

KINDS = {
    "inbox": "nbalert.channels.inbox:InboxChannel",
    "webhook": "nbalert.channels.webhook:WebhookChannel",
}
"""Kind → where its class is. Entry points of the group `nbalert.channels` add rows."""


def kinds() -> dict[str, str]:
    """Every known kind and where its class is, in alphabetical order."""
    found = {point.name: point.value for point in entry_points(group="nbalert.channels")}
    return dict(sorted({**found, **KINDS}.items()))


def channel_class(kind: str) -> type[Channel]:
    """The class of a kind.

    Raises:
        SettingsError: No such kind, or it cannot be imported here.
    """
    known = kinds()
    if kind not in known:
        raise SettingsError(f"unknown kind of channel {kind!r}; known kinds: {', '.join(known)}")
    module, _, name = known[kind].partition(":")
    try:
        with whole_modules():
            found = getattr(import_module(module), name)
    except Exception as error:  # another package's module may raise anything
        raise SettingsError(f"the kind {kind!r} cannot be loaded from {known[kind]}: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Channel)):
        raise SettingsError(f"the kind {kind!r}: {known[kind]} is not a Channel")
    return found


def check(table: ChannelTable) -> ChannelSettings:
    """A channel's table as the settings of its kind, secrets resolved.

    Raises:
        SettingsError: Names file and key, never a value.
    """
    return table.checked(channel_class(table.kind).Settings)


def build(name: str, values: Mapping[str, Any]) -> Channel:
    """A channel from values that `check` has seen, on the side of the courier."""
    found = channel_class(str(values["kind"]))
    return found(name, found.Settings.model_validate(values))
