"""From settings and environment to the redactor that hides what they know to be secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nbalert.credentials import is_reference, resolve
from nbalert.errors import SettingsError
from nbalert.redaction import Redactor
from nbalert.secret_kinds import kind_of_name
from nbalert.secret_values import of_environment, of_setting, worth_finding
from nbalert.settings import ChannelTable, Settings

_ADDRESSES = frozenset(("url", "webhook", "webhook_url"))
"""Settings that may be written as they are, and hold a secret all the same."""


def redactor_of(settings: Settings | None, environment: Mapping[str, str]) -> Redactor:
    """What scrubs the messages of a process.

    Args:
        settings: None where they cannot be read: all is hidden then that can be.
        environment: Of the process.
    """
    pairs = list(of_environment(environment))
    if settings is None:
        return Redactor(worth_finding(pairs))
    pairs += ((value, "proxy") for value in settings.network.secrets)
    for table in settings.channels.values():
        pairs += ((part, f"channel {table.name}") for part in _of_channel(table))
    redaction = settings.redaction
    return Redactor(worth_finding(pairs), redaction.patterns, redaction.is_on)


def _of_channel(table: ChannelTable) -> Iterator[str]:
    """The secrets of a channel, as far as they can be had here; no kind of channel is imported for it."""
    for key, value in _texts(table.values, ""):
        if is_reference(value):
            try:
                secret = resolve(value, table.origin.folder, table.origin.environment)
            except SettingsError:  # told where the channel is used
                continue
            yield from of_setting(secret)
        elif (key in _ADDRESSES and "://" in value) or kind_of_name(key):
            yield from of_setting(value)


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, key)
