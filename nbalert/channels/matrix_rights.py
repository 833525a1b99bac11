"""What a bot lacks to post and to ask in a room, and where that is to be mended.

Source: Client-Server API, "m.room.power_levels", 2026-07-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nbalert.channels.base import Member
from nbalert.channels.matrix_account import Account
from nbalert.channels.matrix_api import MatrixApi
from nbalert.channels.matrix_errors import Missing
from nbalert.channels.matrix_settings import USER, MatrixSettings
from nbalert.errors import ChannelDenied

NEEDED = {
    "m.room.message": "to post",
    "m.reaction": "to offer reactions",
    "m.room.redaction": "to take them back",
}


async def problems(api: MatrixApi, account: Account, settings: MatrixSettings) -> list[str]:
    """A line each.

    Raises:
        ChannelError: The homeserver cannot be asked.
    """
    try:
        me = await account.me(api)
        account.rooms.forget(settings.room)
        room = await account.rooms.enter(api, settings.room, me)
    except ChannelDenied as error:
        return [str(error).removeprefix(f"{api.name}: ")]
    joined = (await api.get("rooms", room, "joined_members")).get("joined") or {}
    lacking = [] if await _is_creator(api, room, me) else _lacking(await _levels(api, room), me)
    return [*lacking, *_absent(settings.approvers, joined, settings.room)]


async def _is_creator(api: MatrixApi, room: str, me: str) -> bool:
    """Who has made a room may do everything in it, and from room version 12 on stands in no list."""
    made = await api.get("rooms", room, "state", "m.room.create", query={"format": "event"})
    return me in (made.get("sender"), *((made.get("content") or {}).get("additional_creators") or ()))


async def _levels(api: MatrixApi, room: str) -> Mapping[str, Any]:
    try:
        return await api.get("rooms", room, "state", "m.room.power_levels")
    except Missing:
        return {}


def _lacking(levels: Mapping[str, Any], me: str) -> Iterator[str]:
    own = (levels.get("users") or {}).get(me, levels.get("users_default", 0))
    for kind, purpose in NEEDED.items():
        needed = (levels.get("events") or {}).get(kind, levels.get("events_default", 0))
        if own < needed:
            where = "in the room's settings, Roles and permissions"
            yield f"the bot has power level {own}, and needs {needed} {purpose}: raise it {where}"


def _absent(approvers: Iterable[str], joined: Mapping[str, Any], room: str) -> Iterator[str]:
    for one in approvers:
        if USER.fullmatch(one) and one not in joined:
            yield f"{one} may answer, and is not in the room {room}: write /invite {one} there"


async def members(api: MatrixApi, account: Account, settings: MatrixSettings) -> list[Member]:
    """People of the room.

    Raises:
        ChannelError: The homeserver cannot be asked.
    """
    me = await account.me(api)
    room = await account.rooms.enter(api, settings.room, me)
    joined = (await api.get("rooms", room, "joined_members")).get("joined") or {}
    return [Member(id_, (one or {}).get("display_name") or id_) for id_, one in joined.items() if id_ != me]
