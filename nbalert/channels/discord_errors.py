"""Discord's own error codes as errors of the tree, with what to do about them.

Source: Discord, "Opcodes and Status Codes", JSON error codes, 2026-08-06.
"""

from __future__ import annotations

import httpx

from nbalert.channels.http import object_of
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable


class Gone(ChannelRefused):
    """What was to be answered or changed is not there any more, or somebody else has answered it."""


_DENIED = {
    10003: "there is no such channel; check the id in the settings",
    10015: "the webhook is gone; make a new one in the channel's settings, Integrations",
    50001: "the bot cannot see the channel; add it in the channel's settings, Permissions",
    50013: "the bot lacks a permission; `nbalert channels test` names it",
    50027: "the webhook's token is wrong; copy its URL again from the channel's settings, Integrations",
    40001: "the token is not valid; reset it in the Developer Portal, Bot",
}
_GONE = {
    10008: "the message was deleted",
    10062: "the click is older than 3 s",
    40060: "the click was answered already",
}
_LATER = {
    20028: "the channel takes no more messages for now",
    30046: "a message older than an hour was edited too often",
}


def fault(channel: str, response: httpx.Response) -> ChannelError | None:
    """The error that Discord means; None where its status says all."""
    if response.is_success:
        return None
    body = object_of(response)
    code, status = body.get("code"), response.status_code
    says = f"{channel}: Discord answered {status}"
    if status == 429 and (wish_s := retry_after_s(response)) is not None:
        return ChannelBusy(f"{says}: rate limit", wish_s)
    if not isinstance(code, int) or not code:
        return ChannelDenied(f"{says}: {_DENIED[40001]}") if status == 401 else None
    says = f"{channel}: Discord answered {status} ({code})"
    if code in _DENIED:
        return ChannelDenied(f"{says}: {_DENIED[code]}")
    if code in _GONE:
        return Gone(f"{says}: {_GONE[code]}")
    if code in _LATER:
        return ChannelBusy(f"{says}: {_LATER[code]}")
    if status >= 500 or status in (403, 404):
        return None
    return ChannelRefused(f"{says}: {_place(body.get('errors'))}{str(body.get('message', ''))[:200]}")


def message_id(channel: str, response: httpx.Response) -> str:
    """Of the message that a request has made.

    Raises:
        ChannelUnreachable: The answer is none of Discord's. Something in between has given it.
    """
    found = object_of(response).get("id")
    if not isinstance(found, str) or not found.isdecimal():
        raise ChannelUnreachable(f"{channel}: {response.url.host} has not answered as Discord does")
    return found


def retry_after_s(response: httpx.Response) -> float | None:
    """Seconds to wait; the body is the more exact, and a proxy in between sends only the header."""
    for given in (object_of(response).get("retry_after"), response.headers.get("Retry-After")):
        try:
            return max(0.0, float(str(given)))
        except ValueError:
            continue
    return None


def _place(errors: object) -> str:
    """Where in the request the first fault is: `embeds.0.title: `."""
    path: list[str] = []
    while isinstance(errors, dict) and errors and "_errors" not in errors:
        name, errors = next(iter(errors.items()))
        path.append(str(name))
    return f"{'.'.join(path)}: " if path else ""
