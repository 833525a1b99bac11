"""Mattermost's own errors as errors of the tree, with what to do about them.

Source: Mattermost, API Reference, "Errors" (2023-06-29); ids and statuses: mattermost/mattermost,
`api4/post.go`, `app/post.go`, `app/webhook.go`, `app/ratelimit.go` (2026-08).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from nbalert.channels.http import object_of
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable
from nbalert.message import Message

EPOCH_S = 1e9
"""A reset that is larger is a time; a smaller one is so many seconds from now."""

_TOKEN = "the token is not valid; make another one at Integrations, Bot Accounts, Create New Token"
_NO_CHANNEL = "there is no such channel, or the bot is not in it; check `channel`, and add the bot to it"
_HOOK = "the webhook's token is not known; make another one at Integrations, Incoming Webhooks"
_DENIED = {
    "api.context.session_expired.app_error": _TOKEN,
    "api.context.invalid_token.error": _TOKEN,
    "api.context.404.app_error": "this is no address of the API; check `url`",
    "web.incoming_webhook.invalid.app_error": _HOOK,
    "web.incoming_webhook.disabled.app_error": "an administrator has switched off incoming webhooks",
}
_PLACES = {
    "api.context.permissions.app_error": "the bot lacks a right; add it to the team and to the channel",
    "api.post.create_post.can_not_post_to_deleted.error": "the channel is archived; name another one",
    "app.channel.get.existing.app_error": _NO_CHANNEL,
    "app.channel.get_by_name.missing.app_error": _NO_CHANNEL,
    "app.team.get_by_name.missing.app_error": "no such team; write TEAM/NAME as in the channel's URL",
    "web.incoming_webhook.channel.app_error": "there is no such channel; check the webhook's channel",
    "web.incoming_webhook.channel_locked.app_error": "the webhook is locked to its own channel",
    "web.incoming_webhook.permissions.app_error": "whoever made the webhook may not post there",
}
"""What is about one channel."""
_GONE = {
    "app.post.get.app_error": "the message was deleted",
    "api.post.create_post.root_id.app_error": "the message was deleted",
}


_TOO_OLD = "api.post.update_post.permissions_time_limit.app_error"


class Gone(ChannelRefused):
    """What was to be answered, changed or read is not there any more."""


class WrongPlace(ChannelDenied):
    """It is the channel that is at fault; another one may do."""


class TooOld(ChannelRefused):
    """The server lets nobody edit a message of that age."""


def fault(channel: str, response: httpx.Response) -> ChannelError | None:
    """The error that Mattermost means; None where its status says all."""
    if response.is_success:
        return None
    status, body = response.status_code, object_of(response)
    code, says = str(body.get("id", "")), f"{channel}: Mattermost answered {status}"
    if status == 429:
        wish_s = retry_after_s(response)
        return None if wish_s is None else ChannelBusy(f"{says}: rate limit", wish_s)
    if code in _GONE:
        return Gone(f"{says}: {_GONE[code]}")
    if code == _TOO_OLD:
        return TooOld(f"{says}: the message is too old to be edited here")
    if code in _DENIED:
        return ChannelDenied(f"{says}: {_DENIED[code]}")
    if code in _PLACES:
        return WrongPlace(f"{says}: {_PLACES[code]}")
    if not code or (status >= 500 and status != 501):
        return None
    why = f"{says} ({code}): {str(body.get('message', ''))[:200]}"
    # What is not implemented is switched off by an administrator.
    return ChannelDenied(why) if status in (401, 403, 404, 501) else ChannelRefused(why)


@contextmanager
def placing(message: Message) -> Iterator[None]:
    """Where a message names its own place and that is wrong, it is refused: others need not wait for it."""
    try:
        yield
    except WrongPlace as error:
        if message.target:
            raise ChannelRefused(str(error)) from None
        raise


def retry_after_s(response: httpx.Response) -> float | None:
    """Seconds until another try; None where only `Retry-After` says it, which may be a date."""
    if "Retry-After" in response.headers:
        return None
    try:
        reset = float(response.headers["X-RateLimit-Reset"])
    except (KeyError, ValueError):
        return None
    return max(0.0, reset - time.time() if reset > EPOCH_S else reset)


def mapping(channel: str, response: httpx.Response) -> Mapping[str, Any]:
    """The object of an answer.

    Raises:
        ChannelUnreachable: The answer is none of Mattermost's. Something in between has given it.
    """
    if body := object_of(response):
        return body
    raise foreign(channel, response)


def foreign(channel: str, response: httpx.Response) -> ChannelUnreachable:
    """Something in between has answered, or the address is another service's."""
    return ChannelUnreachable(
        f"{channel}: {response.url.host} has not answered as Mattermost does; check `url`"
    )
