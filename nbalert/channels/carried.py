"""A channel's errors as they cross the line, from the process that works it to the courier.

What the courier acts upon crosses whole: whether another try is worth it, and when. A text crosses in one
line and without the channel's secrets; of a bug only its type and place.
"""

from __future__ import annotations

from collections.abc import Mapping
from traceback import walk_tb
from typing import Any

from nbalert.channels.base import Channel
from nbalert.errors import (
    CannotAsk,
    ChannelBusy,
    ChannelDenied,
    ChannelError,
    ChannelRefused,
    ChannelUnreachable,
    SettingsError,
)
from nbalert.fields import without_secrets

LONGEST_CHARS = 1000


class ChannelFault(Exception):
    """A bug in the own code of a channel that another process works; the text names its type and place."""


_BY_NAME = {
    "unreachable": ChannelUnreachable,
    "denied": ChannelDenied,
    "refused": ChannelRefused,
    "cannot ask": CannotAsk,
    "settings": SettingsError,
}


def packed(error: BaseException, channel: Channel | None) -> dict[str, Any]:
    """An error as plain values.

    Args:
        error: What the channel raised, or what kept it from being built.
        channel: Whose secrets may stand in the text; None if there is none yet.
    """
    says = _scrubbed(str(error), channel)
    if isinstance(error, ChannelBusy):
        return {"is": "busy", "says": says, "retry_after_s": _wish(error.retry_after_s)}
    if isinstance(error, ChannelDenied):
        return {"is": "denied", "says": says}
    if isinstance(error, ChannelError):
        return {"is": "unreachable" if error.retryable else "refused", "says": says}
    if isinstance(error, CannotAsk):
        return {"is": "cannot ask", "says": says}
    if isinstance(error, SettingsError):
        return {"is": "settings", "says": says}
    return {
        "is": "fault",
        "says": f"{type(error).__name__} in the channel's own code{_place(error, channel)}",
    }


def unpacked(values: Mapping[str, Any]) -> Exception:
    """The error again; one that is not known here is a fault."""
    says = str(values["says"])
    if values["is"] == "busy":
        return ChannelBusy(says, values["retry_after_s"])
    return _BY_NAME.get(values["is"], ChannelFault)(says)


def _wish(seconds: object) -> float | None:
    """A custom channel may pass on anything; what is no time is no wish."""
    return float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else None


def _scrubbed(text: str, channel: Channel | None) -> str:
    known = without_secrets(text, channel.settings) if channel else text
    return " ".join(known.split())[:LONGEST_CHARS]


def _place(error: BaseException, channel: Channel | None) -> str:
    """Function and line, the innermost in the channel's own module: a message may hold anything."""
    frames = [
        (frame.f_code.co_name, line)
        for frame, line in walk_tb(error.__traceback__)
        if channel and frame.f_globals.get("__name__") == type(channel).__module__
    ]
    return f" ({frames[-1][0]}, line {frames[-1][1]})" if frames else ""
