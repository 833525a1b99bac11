"""What keeps a Mattermost bot from posting and from bringing answers, and where to click; who is there."""

from __future__ import annotations

from nbalert.channels.base import Member
from nbalert.channels.mattermost_account import has_websocket
from nbalert.channels.mattermost_api import Api
from nbalert.errors import ChannelDenied


async def problems(api: Api, channel: str) -> list[str]:
    """What is missing, a line each; empty if nothing is.

    Raises:
        ChannelError: Mattermost cannot be asked.
    """
    try:
        me = await api.me()
        id_ = await api.place(channel)
        found = await api.call("GET", f"channels/{id_}")
    except ChannelDenied as error:
        return [str(error)]
    where = f"~{found.get('display_name') or found.get('name') or channel}"
    if found.get("delete_at"):
        return [f"{where} is archived: name another channel"]
    try:
        await api.call("GET", f"channels/{id_}/members/{me.id}")
    except ChannelDenied:
        return [f"the bot is not in {where}: write /invite @{me.name} there; its team comes first"]
    return [] if has_websocket() else ["answers are looked for only: pip install 'nbalert[mattermost]'"]


async def members(api: Api, channel: str) -> list[Member]:
    """People of a channel, up to two hundred (Source: API v4, "Get channel members": the largest page).

    Raises:
        ChannelError: Mattermost cannot be asked.
    """
    me, id_ = await api.me(), await api.place(channel)
    rows = await api.calls("GET", f"channels/{id_}/members", params={"per_page": "200"})
    ids = [str(row["user_id"]) for row in rows]
    await api.usernames(ids)
    people = [api.known.people[id_] for id_ in ids if id_ in api.known.people]
    return [Member(one.id, one.shown) for one in people if not one.is_bot and one.id != me.id]
