"""What keeps a Slack app from posting and from bringing answers, and where to click; who is there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from nbalert.channels.base import Member
from nbalert.channels.slack_api import SlackApi
from nbalert.channels.slack_errors import APPS, SlackDenied, SlackRefused
from nbalert.channels.slack_settings import SlackSettings

SCOPES = {
    "chat:write": "to post",
    "files:write": "for figures and long texts",
    "channels:history groups:history": "to read replies, in public or private channels",
    "reactions:read": "to read reactions",
    "reactions:write": "to offer ✅ and ❌",
    "users:read": "to show names, and to tell bots from people",
}
"""What each scope is for; of several in one line one is enough."""

MEMBERS = 200
"""How many are looked up: each is a call, and of a hundred a minute at least (Source: users.info, Tier 4)."""


def has_client() -> bool:
    """Whether the client for Socket Mode is installed."""
    return find_spec("slack_sdk") is not None and find_spec("aiohttp") is not None


async def problems(channel: str, settings: SlackSettings, api: SlackApi) -> list[str]:
    """What is missing, a line each; empty if nothing is.

    Raises:
        ChannelError: Slack cannot be asked.
    """
    try:
        answer = await api.answer("auth.test")
    except SlackDenied as error:
        return [str(error)]
    scopes = {scope.strip() for scope in answer.headers.get("X-OAuth-Scopes", "").split(",")} - {""}
    found = [*_missing(scopes), *await _place(settings.channel, scopes, api)]
    return [*found, *await _socket(channel, settings)]


def _missing(scopes: set[str]) -> Iterator[str]:
    """Nothing where Slack has not said which scopes there are."""
    for names, purpose in SCOPES.items():
        if scopes and not scopes & set(names.split()):
            needed = names.replace(" ", " or ")
            yield (
                f"the app lacks the scope {needed} {purpose}: add it at {APPS} under OAuth & Permissions,"
                " Bot Token Scopes, and reinstall the app"
            )


async def _place(conversation: str, scopes: set[str], api: SlackApi) -> list[str]:
    try:
        if scopes & {"channels:read", "groups:read"}:
            found = (await api.call("conversations.info", channel=conversation))["channel"]
            if found.get("is_archived"):
                return [f"the channel {conversation} is archived: name another one in the settings"]
            is_inside = found.get("is_member", True) or found.get("is_im")
            return [] if is_inside else [f"the app is not in {conversation}: write /invite @app there"]
        await api.call("conversations.history", channel=conversation, limit=1)
    except (SlackDenied, SlackRefused) as error:
        return [] if error.code == "missing_scope" else [str(error)]
    return []


async def members(conversation: str, api: SlackApi) -> list[Member]:
    """People of a conversation.

    Raises:
        ChannelError: Slack cannot be asked, or the app lacks channels:read or groups:read, or users:read.
    """
    me, found, cursor = (await api.identity()).user, list[Member](), ""
    while len(found) < MEMBERS:
        more = {"cursor": cursor} if cursor else {}
        page = await api.call("conversations.members", channel=conversation, limit=MEMBERS, **more)
        for id_ in page.get("members", ()):
            person = await api.person(id_)
            if id_ != me and not person.is_bot:
                found.append(Member(id_, person.name or id_))
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            break
    return found


async def _socket(channel: str, settings: SlackSettings) -> list[str]:
    if settings.app_token is None:
        return []
    if not has_client():
        return ["app_token needs an extra: pip install 'nbalert[slack]'"]
    api = SlackApi(channel, settings, settings.base_url, settings.app_token.get_secret_value())
    try:
        await api.call("apps.connections.open")
    except (SlackDenied, SlackRefused) as error:
        return [
            f"app_token: {error}; it needs connections:write, and Socket Mode has to be on: {APPS} under"
            " Basic Information and Socket Mode"
        ]
    finally:
        await api.aclose()
    return []
