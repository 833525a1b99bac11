"""The channels of every project: resolved settings as kernels sent them, and the channels built from them.

Secrets live here, in memory, and nowhere else.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from nbalert import channels
from nbalert.channels import sources
from nbalert.channels.base import Channel
from nbalert.courier.project import Project
from nbalert.errors import NbalertError, SettingsError, UnknownChannel
from nbalert.fields import without_secrets
from nbalert.handlers import Handler
from nbalert.home import Home
from nbalert.matching import Router
from nbalert.network import Network
from nbalert.rates import Limits, limits_of
from nbalert.settings import load_project

READ_AGAIN_S = 5.0
"""How long the files of a project that nobody has brought are taken as read; they may be mended meanwhile."""


class NotReady(NbalertError):
    """A channel cannot be used now; its deliveries wait, and the text says for what."""


@dataclass(frozen=True, slots=True)
class OwnInbox:
    """How to reach the inbox that this courier serves."""

    url: str
    token: str = field(repr=False)


Host = Callable[[str, str, str, Mapping[str, Any]], Channel]
"""Makes a channel that a process of its project works: of the project's key, the channel's name, what is
waited for where no process can, and settings that take the place of its own."""


@dataclass(eq=False)
class _Built:
    """A channel, from which values, and how many use it just now."""

    values: Mapping[str, Any] = field(repr=False)
    network: Network
    channel: Channel
    users: int = 0
    is_replaced: bool = False


class Projects:
    """All projects that came by since the courier's start.

    Args:
        home: Where settings of a project that is gone are looked up.
        inbox: The built-in inbox; fills in channels of kind inbox that name no other.
        host: Makes a channel that a process of its project works.
    """

    def __init__(self, home: Home, inbox: OwnInbox, host: Host) -> None:
        self._home = home
        self._inbox = inbox
        self._host = host
        self._projects: dict[str, Project] = {}
        self._read: dict[str, tuple[float, Project]] = {}
        self._routers: dict[str, tuple[Project, Router]] = {}
        self._built: dict[tuple[str, str, str], _Built] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def learn(self, project: Project) -> frozenset[str]:
        """A process of the project brought its settings; the newest count, of however many processes.

        Which those are does not depend on the order in which processes come back to a new courier.

        Returns:
            Names of the channels that are others than those known; an empty name is the default one.
        """
        known = self._projects.get(project.key)
        if known and known.since > project.since:
            return frozenset()
        self._projects[project.key] = project
        sources.learn(project.kinds)
        return project.changes(known)

    @contextmanager
    def using(self, key: str, name: str, look: Mapping[str, Any] | None = None) -> Iterator[Channel]:
        """The channel of that name in that project; it is not closed while it is used.

        Args:
            look: Settings that take the place of its own, for as long as they are these.

        Raises:
            NotReady: It waits for something; the text says for what.
        """
        with self._used(self._found(key, name, look or {})) as channel:
            yield channel

    def router(self, key: str) -> Router:
        """Who hears what of a project's alerts.

        Raises:
            NotReady: Its settings are not known, or wrong as a whole.
        """
        project = self._project(key)
        if problem := project.problems.get(""):
            raise NotReady(problem)
        known, router = self._routers.get(key, (None, None))
        if router is None or known is not project:
            router = Router((Handler.model_validate(one) for one in project.handlers), project.hears)
            self._routers[key] = project, router
        return router

    def limits(self, key: str, name: str) -> Limits:
        """How much a channel is told.

        Raises:
            NotReady: Its project's settings are not known.
        """
        return limits_of(self._project(key).limits.get(name, {}))

    def resolved(self, key: str, name: str) -> str:
        """The name of a channel; an empty one is the default one of the project."""
        return name or self._project(key).default

    def notes(self) -> list[dict[str, str]]:
        """What channels have to say for status: a row each with `project`, `channel` and `note`."""
        said = {
            (key, name): without_secrets(built.channel.note, built.channel.settings)
            for (key, name, look), built in self._built.items()
            if not look
        }
        return [{"project": key, "channel": name, "note": note} for (key, name), note in said.items() if note]

    @contextmanager
    def drafted(self, name: str, values: Mapping[str, Any], network: Network) -> Iterator[Channel]:
        """A channel of no project, built to be tried; it is closed afterwards.

        Raises:
            NotReady: It cannot be built; says why.
        """
        built = self._made(name, values, network)
        built.is_replaced = True
        with self._used(built) as channel:
            yield channel

    @contextmanager
    def _used(self, built: _Built) -> Iterator[Channel]:
        built.users += 1
        try:
            yield built.channel
        except NbalertError as error:
            # Its text becomes a row and a log's line, and a custom kind may have put anything there.
            error.args = (without_secrets(str(error), built.channel.settings),)
            raise
        finally:
            built.users -= 1
            self._close_unused(built)

    def _found(self, key: str, name: str, look: Mapping[str, Any]) -> _Built:
        project = self._project(key)
        name = name or project.default
        if problem := project.problems.get("") or project.problems.get(name):
            raise NotReady(problem)
        if kind := project.foreign.get(name):
            return self._hosted(key, name, f"{_waits_for(key)} that has registered the kind {kind!r}", look)
        if name not in project.channels:
            raise NotReady(str(UnknownChannel(name, project.names)))
        values = {**project.channels[name], **look}
        if not values.get("enabled", True):
            raise NotReady(f"channel {name} is switched off (enabled = false)")
        return self._channel((key, name, _looks(look)), values, project.network, look)

    def _project(self, key: str) -> Project:
        if known := self._projects.get(key):
            return known
        read_at, project = self._read.get(key, (-READ_AGAIN_S, None))
        if project is None or time.monotonic() - read_at > READ_AGAIN_S:
            try:
                settings = load_project(key, self._home)
                sources.learn(settings.kinds)
                project = Project.of(settings)
            except SettingsError as error:
                raise NotReady(f"{_waits_for(key)}: {error}") from None
            self._read[key] = time.monotonic(), project
        return project

    def _channel(
        self,
        place: tuple[str, str, str],
        values: Mapping[str, Any],
        network: Network,
        look: Mapping[str, Any],
    ) -> _Built:
        key, name, _ = place
        known = self._built.get(place)
        if known and (known.values, known.network) == (values, network):
            return known
        try:
            channels.packaged_class(str(values["kind"]))
        except SettingsError as error:  # an extra or a package that the courier's environment lacks
            return self._hosted(key, name, f"{_waits_for(key)} that can load it: {error}", look)
        built = self._built[place] = self._made(name, values, network)
        if known:
            known.is_replaced = True
            self._close_unused(known)
        return built

    def _made(self, name: str, values: Mapping[str, Any], network: Network) -> _Built:
        try:
            return _Built(values, network, channels.build(name, self._completed(values), network))
        except SettingsError as error:
            raise NotReady(str(error)) from None
        except Exception as error:  # of a custom kind's; the text may hold a secret
            raise NotReady(f"channel {name} cannot be made: {type(error).__name__}") from None

    def _hosted(self, key: str, name: str, reason: str, look: Mapping[str, Any]) -> _Built:
        return _Built({}, Network(), self._host(key, name, reason, look))

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


def _looks(look: Mapping[str, Any]) -> str:
    return json.dumps(look, sort_keys=True) if look else ""


def _waits_for(key: str) -> str:
    return f"waits for a process of the project {key or 'your own settings'}"
