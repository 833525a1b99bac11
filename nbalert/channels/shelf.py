"""The channels that this process works: built when they are first used, as settings and classes are then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

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


class Shelf:
    """Used on one event loop.

    Args:
        settings: Gives them as they are now, the same object while nothing has changed.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._built: dict[str, _Built] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextmanager
    def using(self, name: str) -> Iterator[Channel]:
        """The channel of that name; it is not closed while it is used.

        Raises:
            SettingsError: It cannot be built; says why.
        """
        built = self._current(name)
        built.users += 1
        try:
            yield built.channel
        finally:
            built.users -= 1
            self._close_unused(built)

    def drop_outdated(self) -> None:
        """Close what was built of a class that another one of its kind has replaced."""
        for name, built in list(self._built.items()):
            with contextlib.suppress(SettingsError):
                if channel_class(built.checked.kind) is not type(built.channel):
                    self._replace(name)

    async def aclose(self) -> None:
        """Close all channels."""
        for name in list(self._built):
            self._built[name].users = 0
            self._replace(name)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _current(self, name: str) -> _Built:
        settings = self._settings()
        table = settings.channel(name)
        known, cls = self._built.get(name), channel_class(table.kind)
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
        self._replace(name)
        self._built[name] = made
        return made

    def _replace(self, name: str) -> None:
        if known := self._built.pop(name, None):
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
