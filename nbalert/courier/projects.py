"""The channels of every project: resolved settings as kernels sent them, and the channels built from them.

Secrets live here, in memory, and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.errors import NbalertError, SettingsError, UnknownChannel
from nbalert.home import Home
from nbalert.settings import Settings, load_project


class NotReady(NbalertError):
    """A channel cannot be used now; its deliveries wait, and the text says for what."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project's channels.

    Args:
        key: The `project` of its `Settings`.
        default: Name of the default channel.
        channels: Name → values, secrets resolved.
        problems: Name → why that channel cannot be used.
    """

    key: str
    default: str
    channels: Mapping[str, Mapping[str, Any]]
    problems: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Project:
        """Check every channel; one that is wrong spoils no other."""
        values, problems = {}, {}
        for name, table in settings.channels.items():
            try:
                values[name] = channels.check(table).model_dump(mode="json", context="line")
            except SettingsError as error:
                problems[name] = str(error)
        return cls(settings.project, settings.default, values, problems)

    @classmethod
    def broken(cls, key: str, problem: str) -> Project:
        """A project whose settings as a whole cannot be read: all its deliveries wait for that."""
        return cls(key, "", {}, {"": problem})

    def to_frame(self) -> dict[str, Any]:
        """Plain values for the line."""
        return asdict(self)

    @classmethod
    def from_frame(cls, frame: Mapping[str, Any]) -> Project:
        """The inverse of `to_frame`; other keys are ignored."""
        return cls(frame["key"], frame["default"], frame["channels"], frame["problems"])


@dataclass(frozen=True, slots=True)
class OwnInbox:
    """How to reach the inbox that this courier serves."""

    url: str
    token: str


class Projects:
    """All projects that came by since the courier's start.

    Args:
        home: Where settings of a project that is gone are looked up.
        inbox: The built-in inbox; fills in channels of kind inbox that name no other.
    """

    def __init__(self, home: Home, inbox: OwnInbox) -> None:
        self._home = home
        self._inbox = inbox
        self._projects: dict[str, Project] = {}
        self._built: dict[tuple[str, str], tuple[Mapping[str, Any], Channel]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def learn(self, project: Project) -> None:
        """A process of the project brought its settings; they replace earlier ones."""
        self._projects[project.key] = project

    def channel(self, key: str, name: str) -> Channel:
        """The channel of that name in that project.

        Raises:
            NotReady: It waits for something; the text says for what.
        """
        project = self._project(key)
        name = name or project.default
        if problem := project.problems.get("") or project.problems.get(name):
            raise NotReady(problem)
        if name not in project.channels:
            raise NotReady(str(UnknownChannel(name, {*project.channels, *project.problems})))
        values = project.channels[name]
        if not values.get("enabled", True):
            raise NotReady(f"channel {name} is switched off (enabled = false)")
        return self._channel(key, name, values)

    def _project(self, key: str) -> Project:
        if key not in self._projects:
            try:
                self._projects[key] = Project.of(load_project(key, self._home))
            except SettingsError as error:
                place = key or "your own settings"
                raise NotReady(f"waits for a process of the project {place}: {error}") from None
        return self._projects[key]

    def _channel(self, key: str, name: str, values: Mapping[str, Any]) -> Channel:
        used, channel = self._built.get((key, name), (None, None))
        if channel is not None and used == values:
            return channel
        if channel is not None:
            self._close_later(channel)
        built = channels.build(name, self._completed(values))
        self._built[key, name] = values, built
        return built

    def _completed(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if values["kind"] == "inbox" and not values.get("url"):
            return {**values, "url": self._inbox.url, "token": self._inbox.token}
        return values

    def _close_later(self, channel: Channel) -> None:
        task = asyncio.ensure_future(channel.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """Close all channels."""
        for _, channel in self._built.values():
            await channel.aclose()
        self._built.clear()
