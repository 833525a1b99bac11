"""Which handlers an alert reaches, and which of them keep quiet. Pure: no store, no clock.

alert ─▶ handlers of its topic ─▶ their filters ─▶ their rules about changes ─▶ a channel hears it
               ▲                                          │
               └──────────── further topics ◀─────────────┘
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from typing import Any, NamedTuple

from nbalert.handlers import GLOBAL, Handler
from nbalert.message import Level

TOPICS = 1024
"""Of how many topics it is remembered who subscribes to them."""


@dataclass(frozen=True, slots=True)
class Change:
    """An alert's level at its last run and at this one. What was never heard of counts as OK.

    Args:
        before_s: How long it had the level before.
        runs: How many runs in a row had that level.
        failing_s: How long it has been failing, or had been until this run; 0 if it was not.
        failing_runs: How many runs in a row that were, without this one if that is good again.
    """

    before: Level
    now: Level
    before_s: float = 0.0
    runs: int = 0
    failing_s: float = 0.0
    failing_runs: int = 0

    @property
    def is_one(self) -> bool:
        """Whether they differ."""
        return self.before != self.now

    @property
    def is_recovery(self) -> bool:
        """Whether it failed before, and does so no longer."""
        return self.before >= Level.WARNING > self.now

    @property
    def is_failing_on(self) -> bool:
        """Whether it fails as it did before."""
        return not self.is_one and self.now >= Level.WARNING


class Alert(NamedTuple):
    """What of a message handlers look at."""

    topic: str
    level: Level
    title: str
    name: str
    notebook: str
    duration_s: float | None
    metadata: Mapping[str, Any]

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Alert:
        """Of a message's plain values."""
        return cls(
            message.get("topic", ""),
            Level[message["level"]],
            message["title"],
            message.get("alert") or message["title"],
            message["source"]["notebook"].replace("\\", "/"),
            message["duration_s"],
            message["metadata"],
        )


class Hearing(NamedTuple):
    """A handler and an alert.

    Args:
        topic: By which of its topics the alert came.
        lacks: The first filter that it does not meet; empty if it meets all.
        rule: Why the handler keeps quiet of it all the same; empty if it does not.
    """

    handler: Handler
    topic: str
    lacks: str
    rule: str


@dataclass(slots=True)
class Group:
    """The handlers by which one channel would hear an alert."""

    ready: list[Handler] = field(default_factory=list)
    reminding: list[Handler] = field(default_factory=list)
    quiet: list[Hearing] = field(default_factory=list)

    @property
    def first(self) -> Handler | None:
        """By which one it does, one that delivers each alert before one that makes digests; None by none."""
        able = [*self.ready, *self.reminding]
        return min(able, key=lambda handler: handler.aggregate is not None, default=None)


def grouped(hearings: Iterable[Hearing], is_due: Callable[[Hearing], bool]) -> dict[str, Group]:
    """By channel, in the order of the first handler; a digest that is only published is its own: `/ID`.

    Args:
        is_due: Whether a handler that keeps quiet reminds of it nevertheless.
    """
    groups: dict[str, Group] = {}
    for hearing in hearings:
        handler = hearing.handler
        if hearing.lacks or not (handler.channel or handler.aggregate):
            continue
        group = groups.setdefault(handler.channel or f"/{handler.id}", Group())
        if not hearing.rule:
            group.ready.append(handler)
        elif is_due(hearing):
            group.reminding.append(handler)
        else:
            group.quiet.append(hearing)
    return groups


class Router:
    """The handlers of one project, compiled.

    Args:
        handlers: In the order of their files.
        hears: Channels that hear everything → whether only changes.
    """

    def __init__(self, handlers: Iterable[Handler], hears: Mapping[str, bool]) -> None:
        self.handlers = tuple(one for one in handlers if one.enabled)
        self._topics = [(re.compile(translate(one.topic)), _Filter(one)) for one in self.handlers]
        self._globals = [_Filter(_listener(*one)) for one in hears.items()]
        self._subscribers = lru_cache(TOPICS)(self._find)

    def hearings(self, alert: Alert, change: Change) -> Iterator[Hearing]:
        """Of every handler that subscribes to a topic of the alert, once, in order."""
        topics, seen = [alert.topic], set()
        for topic in topics:  # grows meanwhile
            for filter_ in self._subscribers(topic):
                if (handler := filter_.handler).id in seen:
                    continue
                seen.add(handler.id)
                hearing = filter_.hear(topic, alert, change)
                yield hearing
                if handler.publish and not (hearing.lacks or hearing.rule or handler.aggregate):
                    topics += [one for one in handler.publish if one not in topics]
        for filter_ in self._globals:
            yield filter_.hear(alert.topic, alert, change)

    def is_subscribed(self, topic: str) -> bool:
        """Whether anybody subscribes to a topic, or hears everything."""
        return bool(self._globals or self._subscribers(topic))

    def _find(self, topic: str) -> tuple[_Filter, ...]:
        return tuple(filter_ for pattern, filter_ in self._topics if pattern.match(topic))


class _Filter:
    """One handler's conditions, each under the key that states it."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self._levels = frozenset(Level[word] for word in handler.levels)
        self._tests = list(_tests(handler))

    def hear(self, topic: str, alert: Alert, change: Change) -> Hearing:
        """Whether the handler's channel hears an alert, and if not, why."""
        lacks = "" if self._has_level(change) else "levels"
        lacks = lacks or next((key for key, is_met in self._tests if not is_met(alert)), "")
        return Hearing(self.handler, topic, lacks, "" if lacks else self._rule(change))

    def _has_level(self, change: Change) -> bool:
        """Who hears that something fails hears that it has recovered: the end of what it was told."""
        if not self._levels or change.now in self._levels:
            return True
        return change.is_recovery and change.before in self._levels

    def _rule(self, change: Change) -> str:
        if change.is_recovery and not self.handler.recoveries:
            return "recoveries"
        if self.handler.state_changes_only and not change.is_one:
            return "state_changes_only"
        return ""


def _tests(handler: Handler) -> Iterator[tuple[str, Callable[[Alert], bool]]]:
    if handler.name != "*":
        name = re.compile(translate(handler.name))
        yield "name", lambda alert: bool(name.match(alert.title) or name.match(alert.name))
    if handler.notebook != "*":
        path = re.compile(f"(?:.*/)?{translate(handler.notebook)}", re.DOTALL)
        yield "notebook", lambda alert: bool(path.match(alert.notebook))
    if (limit_s := handler.longer_than) is not None:
        yield "longer_than", lambda alert: alert.duration_s is not None and alert.duration_s > limit_s
    for key, value in handler.metadata.items():
        yield f"metadata.{key}", lambda alert, key=key, value=value: _is(alert.metadata.get(key), value)  # type: ignore[misc]


def _is(found: object, wanted: object) -> bool:
    """Equality in which `true` is not 1."""
    return isinstance(found, bool) == isinstance(wanted, bool) and found == wanted


def _listener(channel: str, only_changes: bool) -> Handler:
    """What a channel with `global` is: a handler of every topic."""
    return Handler(id=GLOBAL, channel=channel, state_changes_only=only_changes)
