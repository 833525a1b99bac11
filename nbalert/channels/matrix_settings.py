"""Which Matrix account a channel uses, and where."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from nbalert.fields import ChannelSettings, Secret
from nbalert.policy import ANYONE

USER = re.compile(r"@[^\s:]+:\S+")
"""Source: Client-Server API, appendices, "User Identifiers"."""
ROOM = re.compile(r"!\S+|#[^\s:]+:\S+")


class MatrixSettings(ChannelSettings):
    """A bot's account at a homeserver."""

    homeserver: str = Field(description="Address of the bot's homeserver: https://matrix.example.org")
    token: Secret = Field(description="Access token of the bot's account")
    room: str = Field(description="Id of the room (!…: its settings, Advanced), or its address #name:server")

    @field_validator("homeserver")
    @classmethod
    def _is_address(cls, homeserver: str) -> str:
        if not re.fullmatch(r"https?://\S+", homeserver):
            raise ValueError("is no address; write https://matrix.example.org")
        return homeserver

    @field_validator("room")
    @classmethod
    def _is_room(cls, room: str) -> str:
        if not ROOM.fullmatch(room):
            raise ValueError(f"{room!r} is no room; write its id (!…) or its address #name:server")
        return room

    @field_validator("approvers")
    @classmethod
    def _are_ids(cls, approvers: tuple[str, ...]) -> tuple[str, ...]:
        """Display names are everybody's to choose."""
        for one in approvers:
            if not (one == ANYONE or one.startswith("group:") or USER.fullmatch(one)):
                raise ValueError(f"{one!r} is no Matrix id; write @name:server")
        return approvers
