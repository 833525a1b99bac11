"""What keeps a Mattermost bot from posting and from bringing answers, and where to click."""

from __future__ import annotations

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
