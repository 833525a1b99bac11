"""The channels of every project: resolved settings as kernels sent them, and the channels built from them.

Secrets live here, in memory, and nowhere else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.errors import NbalertError, SettingsError, UnknownChannel
from nbalert.home import Home
from nbalert.settings import Settings, load_project

READ_AGAIN_S = 5.0
"""How long the files of a project that nobody has brought are taken as read; they may be mended meanwhile."""


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
        foreign: Name → kind, of channels whose kind no package brings: only a process that has registered
            it can work them. Their values stay there.
    """

    key: str
    default: str
    channels: Mapping[str, Mapping[str, Any]] = field(repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Project:
        """Check every channel; one that is wrong spoils no other."""
        values, problems, foreign = {}, {}, {}
        for name, table in settings.channels.items():
            try:
                if channels.is_packaged(table.kind):
                    values[name] = channels.check(table).model_dump(mode="json", context="line")
                else:
                    foreign[name] = table.kind
            except SettingsError as error:
                problems[name] = str(error)
        return cls(settings.project, settings.default, values, problems, foreign)

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
        foreign = frame.get("foreign", {})
        return cls(frame["key"], frame["default"], frame["channels"], frame["problems"], foreign)


@dataclass(frozen=True, slots=True)
class OwnInbox:
    """How to reach the inbox that this courier serves."""

    url: str
    token: str = field(repr=False)


@dataclass(eq=False)
class _Built:
    """A channel, from which values, and how many use it just now."""

    values: Mapping[str, Any] = field(repr=False)
    channel: Channel
    users: int = 0
    is_replaced: bool = False


class Projects:
    """All projects that came by since the courier's start.

    Args:
        home: Where settings of a project that is gone are looked up.
        inbox: The built-in inbox; fills in channels of kind inbox that name no other.
        host: Makes a channel that a process of its project works, of the project's key, the channel's name,
            and what is waited for where no process can.
    """

    def __init__(self, home: Home, inbox: OwnInbox, host: Callable[[str, str, str], Channel]) -> None:
        self._home = home
        self._inbox = inbox
        self._host = host
        self._projects: dict[str, Project] = {}
        self._read: dict[str, tuple[float, Project]] = {}
        self._built: dict[tuple[str, str], _Built] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def learn(self, project: Project) -> bool:
        """A process of the project brought its settings; they replace earlier ones.

        Returns:
            Whether they are others than those known.
        """
        known = self._projects.get(project.key)
        self._projects[project.key] = project
        return project != known

    @contextmanager
    def using(self, key: str, name: str) -> Iterator[Channel]:
        """The channel of that name in that project; it is not closed while it is used.

        Raises:
            NotReady: It waits for something; the text says for what.
        """
        built = self._found(key, name)
        built.users += 1
        try:
            yield built.channel
        finally:
            built.users -= 1
            self._close_unused(built)

    def _found(self, key: str, name: str) -> _Built:
        project = self._project(key)
        name = name or project.default
        if problem := project.problems.get("") or project.problems.get(name):
            raise NotReady(problem)
        if kind := project.foreign.get(name):
            return _Built(
                {}, self._host(key, name, f"{_waits_for(key)} that has registered the kind {kind!r}")
            )
        if name not in project.channels:
            known = {*project.channels, *project.problems, *project.foreign}
            raise NotReady(str(UnknownChannel(name, known)))
        values = project.channels[name]
        if not values.get("enabled", True):
            raise NotReady(f"channel {name} is switched off (enabled = false)")
        return self._channel(key, name, values)

    def _project(self, key: str) -> Project:
        if known := self._projects.get(key):
            return known
        read_at, project = self._read.get(key, (-READ_AGAIN_S, None))
        if project is None or time.monotonic() - read_at > READ_AGAIN_S:
            try:
                project = Project.of(load_project(key, self._home))
            except SettingsError as error:
                raise NotReady(f"{_waits_for(key)}: {error}") from None
            self._read[key] = time.monotonic(), project
        return project

    def _channel(self, key: str, name: str, values: Mapping[str, Any]) -> _Built:
        known = self._built.get((key, name))
        if known and known.values == values:
            return known
        try:
            channels.packaged_class(str(values["kind"]))
        except SettingsError as error:  # an extra or a package that the courier's environment lacks
            return _Built({}, self._host(key, name, f"{_waits_for(key)} that can load it: {error}"))
        try:
            built = _Built(values, channels.build(name, self._completed(values)))
        except SettingsError as error:
            raise NotReady(str(error)) from None
        except Exception as error:  # of a proxy's or a custom kind's; the text may hold a secret
            raise NotReady(f"channel {name} cannot be made: {type(error).__name__}") from None
        self._built[key, name] = built
        if known:
            known.is_replaced = True
            self._close_unused(known)
        return built

    def _completed(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if values["kind"] == "inbox" and not values.get("url"):
            return {**values, "url": self._inbox.url, "token": self._inbox.token}
        return values

    def _close_unused(self, built: _Built) -> None:
        if built.users or not built.is_replaced:
            return
        task = asyncio.ensure_future(built.channel.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """Close all channels."""
        await asyncio.gather(*(b.channel.aclose() for b in self._built.values()), return_exceptions=True)
        self._built.clear()


def _waits_for(key: str) -> str:
    return f"waits for a process of the project {key or 'your own settings'}"
