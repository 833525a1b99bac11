"""Rooms that the bot is in, or enters where it is invited; never those whose messages are encrypted."""

from __future__ import annotations

import time
from contextlib import suppress

from nbalert.channels.matrix_api import MatrixApi
from nbalert.channels.matrix_errors import Forbidden, Missing, WrongPlace
from nbalert.errors import ChannelDenied, ChannelRefused

LOOK_AGAIN_S = 600.0
"""How long it is believed that a room is not encrypted: somebody may switch that on."""


class Rooms:
    """Of one account."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, float]] = {}

    async def enter(self, api: MatrixApi, room: str, me: str) -> str:
        """Id of a room, in which the bot is afterwards.

        Args:
            room: Id, or an address.
            me: Id of the bot, for errors.

        Raises:
            WrongPlace: There is no such room, or the bot is not let in, or it is encrypted.
            ChannelError: As `MatrixApi.get`.
        """
        id_, until = self._known.get(room, ("", 0.0))
        if time.monotonic() < until:
            return id_
        id_ = id_ or await _resolved(api, room)
        try:
            has_encryption = await is_encrypted(api, id_)
        except Forbidden:
            await _join(api, room, me)
            has_encryption = await is_encrypted(api, id_)
        if has_encryption:
            raise WrongPlace(
                f"{api.name}: the room {room} is encrypted, and nbalert cannot read there; name another one:"
                " encryption is chosen when a room is made, and cannot be switched off"
            )
        self._known[room] = id_, time.monotonic() + LOOK_AGAIN_S
        return id_

    def forget(self, room: str) -> None:
        """It has turned out to be otherwise."""
        self._known.pop(room, None)


async def is_encrypted(api: MatrixApi, room: str) -> bool:
    """Whether messages of a room are to be encrypted.

    Raises:
        Forbidden: The bot is not in the room.
    """
    with suppress(Missing):
        return bool(await api.get("rooms", room, "state", "m.room.encryption"))
    return False


async def _resolved(api: MatrixApi, room: str) -> str:
    return room if room.startswith("!") else str((await api.get("directory", "room", room)).get("room_id"))


async def _join(api: MatrixApi, room: str, me: str) -> None:
    try:
        await api.post("join", room)
    except ChannelRefused as error:
        if isinstance(error, ChannelDenied) and not isinstance(error, WrongPlace):
            raise  # of the account itself
        raise Forbidden(f"{api.name}: the bot is not in the room {room}: write /invite {me} there") from None
