"""Mattermost's API v4 as one channel uses it: requests, and what is known of people and places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbalert.channels.http import Http
from nbalert.channels.mattermost_errors import WrongPlace, fault, foreign, mapping
from nbalert.channels.mattermost_pace import MattermostPace
from nbalert.fields import ChannelSettings

ID = re.compile(r"[a-z0-9]{26}")
PREFIX = "/api/v4/"


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of an id.

    Args:
        name: Username: what a mention is made of.
        shown: What people call them.
    """

    id: str
    name: str
    shown: str
    is_bot: bool

    @classmethod
    def of(cls, user: Mapping[str, Any]) -> Person:
        """From a user of the API."""
        name = str(user.get("username", ""))
        whole = f"{user.get('first_name') or ''} {user.get('last_name') or ''}".strip()
        return cls(
            str(user["id"]), name, str(user.get("nickname") or whole or name), bool(user.get("is_bot"))
        )


@dataclass
class Known:
    """What channels of one account have learned, and need not ask again."""

    me: Person | None = None
    people: dict[str, Person] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    may_whisper: bool = True
    """Whether the server lets the bot say something to one person alone."""
    pace: MattermostPace = field(default_factory=MattermostPace)


class Api:
    """Requests of one channel.

    Args:
        channel: Name in the settings.
        base: Address of the server, without a slash at its end.
        known: Of the account.
    """

    def __init__(self, channel: str, settings: ChannelSettings, base: str, token: str, known: Known) -> None:
        self.channel, self.known = channel, known
        headers = {"Authorization": f"Bearer {token}"}
        self._http = Http(channel, settings, base + PREFIX, headers, fault, known.pace)

    async def call(self, method: str, url: str, **options: Any) -> Mapping[str, Any]:
        """One request; the object that it is answered with.

        Raises:
            ChannelError: Anything else.
        """
        return mapping(self.channel, await self._http.request(method, url, **options))

    async def calls(self, method: str, url: str, **options: Any) -> list[Mapping[str, Any]]:
        """One request; the list that it is answered with, also where the server says null for none.

        Raises:
            ChannelError: Anything else.
        """
        answer = await self._http.request(method, url, **options)
        try:
            found = answer.json()
        except ValueError:
            found = False
        if found is None or isinstance(found, list):
            return found or []
        raise foreign(self.channel, answer)

    async def me(self) -> Person:
        """The bot itself."""
        if self.known.me is None:
            self.known.me = Person.of(await self.call("GET", "users/me"))
        return self.known.me

    async def person(self, id_: str) -> Person:
        """Somebody; asked once an account."""
        if id_ not in self.known.people:
            self.known.people[id_] = Person.of(await self.call("GET", f"users/{id_}"))
        return self.known.people[id_]

    async def usernames(self, ids: Iterable[str]) -> dict[str, str]:
        """Usernames by id, of those that are people of this server."""
        wanted = {id_ for id_ in ids if ID.fullmatch(id_)}
        if missing := sorted(wanted - self.known.people.keys()):
            for user in await self.calls("POST", "users/ids", json=missing):
                self.known.people[str(user["id"])] = Person.of(user)
        return {id_: self.known.people[id_].name for id_ in wanted if id_ in self.known.people}

    async def place(self, channel: str) -> str:
        """Id of a channel.

        Args:
            channel: Its id, or its team and name as its URL has them: `team/name`.

        Raises:
            WrongPlace: It is neither, or there is none.
        """
        if ID.fullmatch(channel):
            return channel
        if channel not in self.known.channels:
            team, slash, name = channel.partition("/")
            if not (team and slash and name):
                raise WrongPlace(f"{self.channel}: channel is an id of 26 characters, or TEAM/NAME")
            found = await self.call("GET", f"teams/name/{team}/channels/name/{name}")
            self.known.channels[channel] = str(found["id"])
        return self.known.channels[channel]

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()
