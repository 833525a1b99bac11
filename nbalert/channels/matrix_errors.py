"""Matrix's own error codes as errors of the tree, with what to do about them.

Source: Client-Server API, "Standard error response" and "Rate limiting", 2026-07-21.
"""

from __future__ import annotations

from typing import Any

import httpx

from nbalert.channels.http import object_of
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused

TOKEN = "the access token is not valid, or no longer; log the bot in again, and put the new one in its place"


class WrongPlace(ChannelDenied):
    """It is the room that is at fault; another one may do."""


class Forbidden(WrongPlace):
    """Not in the room, or without the right in it."""


class Missing(WrongPlace):
    """There is no such thing."""


class TooLarge(ChannelRefused):
    """More than the server takes."""


def fault(channel: str, response: httpx.Response) -> ChannelError | None:
    """The error that Matrix means; None where its status says all."""
    if response.is_success:
        return None
    body = object_of(response)
    code = body.get("errcode")
    if not isinstance(code, str):
        return None
    said = " ".join(str(body.get("error", "")).split())[:200]
    says = f"{channel}: Matrix says {code}"
    if code in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"):
        return ChannelDenied(f"{says}: {TOKEN}")
    if code == "M_LIMIT_EXCEEDED":
        return _busy(says, response, body)
    if code == "M_TOO_LARGE":
        return TooLarge(f"{says}: more than the homeserver takes")
    if code == "M_UNRECOGNIZED":
        return ChannelDenied(
            f"{says}: the homeserver does not know the call; check homeserver in the settings"
        )
    if code == "M_FORBIDDEN":
        return Forbidden(f"{says}: {said}; check the bot's rights in the room")
    if code == "M_NOT_FOUND":
        return Missing(f"{says}: {said}; check room in the settings")
    if response.status_code in (401, 403):  # suspended, consent to be given, a limit of the server's
        return ChannelDenied(f"{says}: {said}")
    return ChannelRefused(f"{says}: {said}") if response.status_code < 500 else None


def _busy(says: str, response: httpx.Response, body: dict[str, Any]) -> ChannelError | None:
    """By the milliseconds of the body, which the specification deprecates and which are the more exact."""
    wish_ms = body.get("retry_after_ms")
    if isinstance(wish_ms, int | float):
        return ChannelBusy(f"{says}: rate limit", max(0.0, wish_ms / 1000))
    return None if "Retry-After" in response.headers else ChannelBusy(f"{says}: rate limit")
