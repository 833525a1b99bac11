"""What a bot lacks to post and to ask in a channel, and where that is to be mended.

Source: Discord, "Permissions", 2026-08-06, with its way to compute them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nbalert.channels.base import Member
from nbalert.channels.discord_account import CONTENT_FLAGS, Account, has_gateway
from nbalert.channels.http import Http
from nbalert.errors import ChannelDenied, ChannelUnreachable

ADMINISTRATOR = 1 << 3
TO_POST = {
    "View Channel": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
}
TO_ASK = {"Read Message History": 1 << 16, "Add Reactions": 1 << 6}
NO_MEMBERS = "Discord does not say who is there: switch on Server Members Intent in the Developer Portal, Bot"
THREADED = frozenset({10, 11, 12})
"""Types of channels that are threads: their parent has the overwrites."""


async def problems(http: Http, account: Account, channel: str, is_pushed: bool) -> list[str]:
    """A line each.

    Raises:
        ChannelError: The service cannot be asked.
    """
    try:
        me = await account.me(http)
        place = await _json(http, f"channels/{channel}")
        if place.get("type") in THREADED:
            place = {**await _json(http, f"channels/{place['parent_id']}"), "id": channel}
        lacking = await _lacking(http, me, place) if "guild_id" in place else []
    except ChannelDenied as error:
        return [str(error)]
    application = await account.about("applications/@me", http)
    return [*lacking, *_of_application(application, is_pushed)]


async def _lacking(http: Http, me: str, place: Mapping[str, Any]) -> list[str]:
    guild = await _json(http, f"guilds/{place['guild_id']}")
    member = await _json(http, f"guilds/{place['guild_id']}/members/{me}")
    held = held_rights(guild, member["roles"], me, place.get("permission_overwrites") or [])
    missing = [name for name, bit in {**TO_POST, **TO_ASK}.items() if not held & bit]
    where = f"in #{place.get('name', place['id'])}: Edit Channel, Permissions, add the bot"
    return [f"the bot lacks {', '.join(missing)} {where}"] if missing else []


def held_rights(
    guild: Mapping[str, Any], roles: list[str], me: str, overwrites: list[Mapping[str, Any]]
) -> int:
    """What a member may do in a channel: by roles, then by the channel's exceptions, the nearer the later."""
    everyone = guild["id"]
    held = 0
    for role in guild["roles"]:
        held |= int(role["permissions"]) if role["id"] in (everyone, *roles) else 0
    if held & ADMINISTRATOR or guild.get("owner_id") == me:
        return ~0
    for circle in ([everyone], roles, [me]):
        own = [one for one in overwrites if one["id"] in circle]
        for one in own:
            held &= ~int(one["deny"])
        for one in own:
            held |= int(one["allow"])
    return held


async def members(http: Http, channel: str) -> list[Member]:
    """People of the guild that a channel is in, up to a thousand (Source: List Guild Members).

    Raises:
        ChannelError: The service cannot be asked, or does not let the bot see who is there.
    """
    place = await _json(http, f"channels/{channel}")
    try:
        found = await _json(http, f"guilds/{place['guild_id']}/members?limit=1000")
    except ChannelDenied as error:
        raise ChannelDenied(NO_MEMBERS) from error
    people = [(one, one["user"]) for one in found if not one["user"].get("bot")]
    return [
        Member(str(user["id"]), one.get("nick") or user.get("global_name") or user["username"])
        for one, user in people
    ]


def _of_application(application: Mapping[str, Any], is_pushed: bool) -> Iterator[str]:
    if not (application.get("flags") or 0) & CONTENT_FLAGS:
        yield "replies cannot be read: switch on Message Content Intent in the Developer Portal, Bot"
    if is_pushed and application.get("interactions_endpoint_url"):
        where = "in the Developer Portal, General Information"
        yield f"clicks go elsewhere: empty Interactions Endpoint URL {where}"
    if not has_gateway():
        yield "questions have no buttons: pip install 'nbalert[discord]'"


async def _json(http: Http, url: str) -> Any:
    try:
        return (await http.request("GET", url)).json()
    except ValueError:
        raise ChannelUnreachable("Discord has not answered as Discord does") from None
