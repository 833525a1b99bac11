"""The channels that this process works: built when they are first used, as settings and classes are then."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from nbalert.channels import channel_class, check
from nbalert.channels.base import Channel
from nbalert.errors import SettingsError
from nbalert.fields import ChannelSettings
from nbalert.settings import Settings


@dataclass(eq=False)
class _Built:
    """A channel, what it was built from, and how many use it just now."""

    channel: Channel
    read: Settings
    checked: ChannelSettings
    users: int = 0
    is_replaced: bool = False


_Place = tuple[str, str]
"""A channel's name, and how a handler has it look."""


class Shelf:
    """Used on one event loop.

    Args:
        settings: Gives them as they are now, the same object while nothing has changed.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._built: dict[_Place, _Built] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextmanager
    def using(self, name: str, look: Mapping[str, Any] | None = None) -> Iterator[Channel]:
        """The channel of that name; it is not closed while it is used.

        Args:
            look: Settings that take the place of its own.

        Raises:
            SettingsError: It cannot be built; says why.
        """
        built = self._current(name, look or {})
        built.users += 1
        try:
            yield built.channel
        finally:
            built.users -= 1
            self._close_unused(built)

    def drop_outdated(self) -> None:
        """Close what was built of a class that another one of its kind has replaced."""
        for place, built in list(self._built.items()):
            with contextlib.suppress(SettingsError):
                if channel_class(built.checked.kind) is not type(built.channel):
                    self._replace(place)

    async def aclose(self) -> None:
        """Close all channels."""
        for place in list(self._built):
            self._built[place].users = 0
            self._replace(place)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _current(self, name: str, look: Mapping[str, Any]) -> _Built:
        settings, place = self._settings(), (name, json.dumps(look, sort_keys=True))
        table = settings.channel(name)
        table = replace(table, values={**table.values, **look})
        known, cls = self._built.get(place), channel_class(table.kind)
        is_of_class = known is not None and type(known.channel) is cls
        if known and is_of_class and known.read is settings:
            return known
        checked = check(table).through(settings.network)
        if not checked.enabled:
            raise SettingsError(f"channel {name} is switched off (enabled = false)")
        if known and is_of_class and known.checked == checked:
            known.read = settings
            return known
        made = _Built(_made(cls, name, checked), settings, checked)
        self._replace(place)
        self._built[place] = made
        return made

    def _replace(self, place: _Place) -> None:
        if known := self._built.pop(place, None):
            known.is_replaced = True
            self._close_unused(known)

    def _close_unused(self, built: _Built) -> None:
        if built.users or not built.is_replaced:
            return
        task = asyncio.ensure_future(_closed(built.channel))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _made(cls: type[Channel], name: str, settings: ChannelSettings) -> Channel:
    try:
        return cls(name, settings)
    except SettingsError:
        raise
    except Exception as error:  # of a class in a notebook; the text may hold a secret
        raise SettingsError(f"channel {name} cannot be made: {type(error).__name__}") from None


async def _closed(channel: Channel) -> None:
    with contextlib.suppress(Exception):  # nobody waits for it any more, and it is gone either way
        await channel.aclose()
