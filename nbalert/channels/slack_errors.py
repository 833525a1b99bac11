"""Slack's own words for what went wrong; they come with status 200: `{"ok": false, "error": code}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from nbalert.channels.http import object_of
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable

APPS = "https://api.slack.com/apps"

_TOKEN = "check the token: copy it anew from your app's page at api.slack.com/apps"
_HINTS = {
    "not_authed": _TOKEN,
    "invalid_auth": _TOKEN,
    "account_inactive": _TOKEN,
    "token_revoked": _TOKEN,
    "token_expired": _TOKEN,
    "not_allowed_token_type": "token has to begin with xoxb-, app_token with xapp-",
    "org_login_required": "the workspace is being moved; try again later",
    "team_access_not_granted": "the app is not installed in this workspace",
    "ekm_access_denied": "an administrator has suspended access to messages",
    "access_denied": "an administrator forbids it",
    "no_permission": "an administrator forbids it",
    "accesslimited": "the network from which this comes is not allowed",
}
"""Codes that deny all (Source: chat.postMessage, "Errors"), and what to do about each."""

_PLACES = {
    "channel_not_found": "check the channel's id, and invite the app: /invite @app in the channel",
    "not_in_channel": "invite the app: /invite @app in the channel",
    "is_archived": "the channel is archived; name another one",
    "restricted_action": "an administrator forbids this app to post there",
    "restricted_action_read_only_channel": "this channel is read-only for the app",
    "restricted_action_thread_only_channel": "this channel takes threads only",
    "restricted_action_non_threadable_channel": "this channel takes no threads",
    "restricted_action_thread_locked": "the thread is locked",
}
"""Codes about one conversation."""

_BUSY = {"ratelimited", "rate_limited"}
_FLEETING = {"service_unavailable", "internal_error", "fatal_error", "team_added_to_org"}
"""Slack's own failures. After an internal or fatal error the call may have had its effect."""


class SlackRefused(ChannelRefused):
    """Slack's code is known: `.code`."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


class SlackDenied(ChannelDenied):
    """The same for what denies all."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


class WrongPlace(SlackDenied):
    """It is the conversation that is at fault; another one may do."""


def fault(channel: str, response: httpx.Response) -> ChannelError | None:
    """What an answer of the Web API says went wrong; None where nothing did, or its status says it.

    Args:
        channel: Name in the settings.
    """
    if not response.is_success:
        return None
    body = object_of(response)
    if "ok" not in body:
        return ChannelUnreachable(
            f"{channel}: {response.url.host} answered with something that is not Slack's"
        )
    return None if body["ok"] is True else error_of(channel, body)


def error_of(channel: str, body: Mapping[str, Any]) -> ChannelError:
    """The error that an answer with `"ok": false` means."""
    code = str(body.get("error", "unknown"))
    says = f"{channel}: Slack says {code}"
    if code in _BUSY:
        return ChannelBusy(says)
    if code in _FLEETING:
        return ChannelUnreachable(says)
    if code == "missing_scope":
        needed = body.get("needed", "another one")
        hint = f"add the scope {needed} at {APPS} under OAuth & Permissions, and reinstall the app"
        return SlackDenied(f"{says}: the token lacks a right; {hint}", code)
    if code in _HINTS:
        return SlackDenied(f"{says}; {_HINTS[code]}", code)
    if code in _PLACES:
        return WrongPlace(f"{says}; {_PLACES[code]}", code)
    details = (body.get("response_metadata") or {}).get("messages") or []
    why = f": {'; '.join(map(str, details))[:300]}" if details else ""
    return SlackRefused(f"{says}{why}", code)


def code_of(error: ChannelError) -> str:
    """Slack's code of an error; empty where there is none."""
    return str(getattr(error, "code", ""))
