"""Channel classes that this process has registered: a notebook's own kinds."""

from __future__ import annotations

import inspect
import itertools
import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from nbalert.channels.base import Channel
from nbalert.errors import SettingsError
from nbalert.fields import ChannelSettings


class Registered(NamedTuple):
    """A class, and the number of its registration: a later one has a higher number."""

    cls: type[Channel]
    number: int


_classes: dict[str, Registered] = {}
_numbers = itertools.count(1)


def registered() -> Mapping[str, Registered]:
    """Every registered class by its kind."""
    return dict(_classes)


def add(cls: type[Channel], taken: Mapping[str, str]) -> None:
    """Register a class; it takes the place of an earlier one of its kind.

    Args:
        taken: Kinds that packages bring, and where their classes are.

    Raises:
        SettingsError: The class lacks something, or its kind is taken; says which in one line.
    """
    check(cls, taken)
    _classes[cls.kind] = Registered(cls, next(_numbers))


def check(cls: object, taken: Mapping[str, str]) -> None:
    """Whether a class can be registered.

    Raises:
        SettingsError: As `add`.
    """
    wrong, kind = fault(cls), str(getattr(cls, "kind", ""))
    if not wrong and kind in taken:
        wrong = f"the kind {kind!r} is {taken[kind]} and cannot be taken over; choose another kind"
    if wrong:
        name = cls.__name__ if isinstance(cls, type) else type(cls).__name__
        raise SettingsError(f"{name} cannot be registered: {wrong}")


def fault(cls: object) -> str:
    """What a class lacks to be a channel; empty if nothing."""
    if not (isinstance(cls, type) and issubclass(cls, Channel)):
        return "it is not a class derived from nbalert.Channel"
    kind, settings = getattr(cls, "kind", None), getattr(cls, "Settings", None)
    if not isinstance(kind, str) or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", kind):
        return 'kind has to be a short name: kind = "mychat"'
    if not (isinstance(settings, type) and issubclass(settings, ChannelSettings)):
        return "Settings has to be nbalert.ChannelSettings or a class derived from it"
    return _fault_of_methods(cls)


def _fault_of_methods(cls: type[Channel]) -> str:
    if missing := sorted(getattr(cls, "__abstractmethods__", ())):
        return f"{', '.join(missing)} is missing"
    for name in ("post", "update", "aclose"):
        if not inspect.iscoroutinefunction(getattr(cls, name)):
            return f"{name} has to be written as async def"
    if inspect.iscoroutinefunction(cls.replies):
        return "replies has to yield its answers"
    if cls.can_edit and cls.update is Channel.update:
        return "can_edit has to be False where there is no method update"
    if cls.can_reply is not (cls.replies is not Channel.replies):
        return "can_reply has to be True where there is a method replies, and only there"
    try:
        inspect.signature(cls).bind("name", None)
    except TypeError:
        return "__init__ has to take the channel's name and its settings"
    return ""


# A forked child works no channel: what the class has opened belongs to its parent.
os.register_at_fork(after_in_child=_classes.clear)
