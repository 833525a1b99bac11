"""ntfy's own error codes as errors of the tree, with what to do about them.

Source: ntfy server, error table (`{"code", "http", "error"}`), 2025-07-13; "Limitations" of publishing.
"""

from __future__ import annotations

import httpx

from nbalert.channels.http import object_of
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable

REPLENISH_S = 5.0
"""After how long one more request is allowed, by default; the server does not say it."""
QUOTA_S = 3600.0
"""When a daily quota is looked at again."""


class FileRefused(ChannelRefused):
    """The server takes no such file, or no files at all."""


_DENIED = {
    40101: "the token, or user and password, is not valid, or the topic needs one",
    40301: "this account may not use the topic; on the server: ntfy access USER TOPIC read-write",
    40401: "this is no ntfy server; check base_url in the settings",
}
_FILE = (40014, 41301, 42905)
_BUSY = {
    42901: ("too many requests for now", REPLENISH_S),
    42903: ("too many subscriptions; close others, or raise visitor-subscription-limit", QUOTA_S / 60),
    42904: ("the server takes no more topics", QUOTA_S / 60),
    42908: ("the daily quota of messages is used up", QUOTA_S),
    42909: ("too many wrong passwords from here", QUOTA_S / 60),
}


def fault(channel: str, response: httpx.Response) -> ChannelError | None:
    """The error that ntfy means; None where its status says all."""
    if response.is_success:  # a stream has no body yet
        return None
    body = object_of(response)
    code = body.get("code")
    if not isinstance(code, int):
        return None
    says = f"{channel}: ntfy answered {code}"
    if code in _DENIED:
        return ChannelDenied(f"{says}: {_DENIED[code]}")
    if code in _FILE:
        return FileRefused(f"{says}: {str(body.get('error', ''))[:200]}")
    if code in _BUSY:
        why, wait_s = _BUSY[code]
        return ChannelBusy(f"{says}: {why}", wait_s)
    if code // 100 in (400, 413):
        return ChannelRefused(f"{says}: {str(body.get('error', ''))[:200]}")
    return None


def published(channel: str, response: httpx.Response) -> int:
    """When the server took a message, by its clock, in seconds.

    Raises:
        ChannelUnreachable: The answer is none of ntfy's. Something in between has given it.
    """
    body = object_of(response)
    if not isinstance(body.get("id"), str) or not isinstance(body.get("time"), int):
        raise ChannelUnreachable(f"{channel}: {response.url.host} has not answered as ntfy does")
    return int(body["time"])
