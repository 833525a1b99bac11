"""`register()`: a channel class of the notebook's own."""

from __future__ import annotations

from typing import TypeVar

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.channels.registry import add
from nbalert.process import client

_Class = TypeVar("_Class", bound=type[Channel])


def register(cls: _Class) -> _Class:
    """Make a kind of channel known that is written in this notebook; also as a class decorator.

    `nbalert.toml` configures it like any other kind. This process works its channels from now on, whoever
    posts to them; when it ends, their messages wait for the next one of the project that registers the kind.
    Registering again, as by running the cell again, replaces the class. What settings or a package name by
    its source needs no registration; it does no harm.

    Args:
        cls: Derived from `nbalert.Channel`, with `kind`, `Settings` and `post`, and where people can answer
            `can_reply = True` and `replies`. It is built and used on a thread and an event loop of its own.

    Returns:
        The class itself.

    Raises:
        SettingsError: The class lacks something, or its kind is a package's; says which in one line.
    """
    if _is_named(cls):
        return cls  # a courier that imports the module comes by here as well
    add(cls, channels.packaged())
    client().introduce()
    return cls


def _is_named(cls: type[Channel]) -> bool:
    """Whether settings or a package name this very class by its source."""
    if not isinstance(cls, type):
        return False
    return channels.packaged().get(getattr(cls, "kind", "")) == f"{cls.__module__}:{cls.__qualname__}"
