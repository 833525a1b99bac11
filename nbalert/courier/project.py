"""A project's settings as its processes bring them to the courier: secrets resolved, in memory only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from nbalert import channels
from nbalert.channels.looks import refuse_unfit
from nbalert.errors import SettingsError
from nbalert.fields import ChannelSettings
from nbalert.network import Network
from nbalert.settings import ChannelTable, Settings


@dataclass(frozen=True, slots=True)
class Project:
    """A project's channels.

    Args:
        key: The `project` of its `Settings`.
        default: Name of the default channel.
        channels: Name → values, secrets resolved.
        problems: Name → why that channel cannot be used.
        foreign: Name → kind, of channels whose kind no package brings, and that cannot be imported: only a
            process that has registered it can work them. Their values stay there.
        network: The way out of the processes that brought it.
        hears: Name → whether only changes of level, of channels that hear every alert.
        kinds: Kind → source of the classes that the user's settings name.
        handlers: As `Handler.model_dump` gives them.
        limits: Name → its `rate` and `fold`, as written.
        since: When they last read files or values that were others, on the clock that all processes share.
    """

    key: str
    default: str
    channels: Mapping[str, Mapping[str, Any]] = field(repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    network: Network = field(default_factory=Network)
    hears: Mapping[str, bool] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    handlers: Sequence[Mapping[str, Any]] = ()
    limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    since: float = field(default=0.0, compare=False)

    @classmethod
    def of(cls, settings: Settings) -> Project:
        """Check every channel; one that is wrong spoils no other.

        Raises:
            SettingsError: A handler is wrong.
        """
        refuse_unfit(settings)
        values, problems, foreign = {}, {}, {}
        for name, table in settings.channels.items():
            try:
                if channels.is_packaged(table.kind):
                    values[name] = _line_values(channels.check(table))
                else:
                    foreign[name] = table.kind
            except SettingsError as error:
                problems[name] = str(error)
        return cls(
            *(
                settings.project,
                settings.default,
                values,
                problems,
                foreign,
                settings.network,
                settings.hears,
            ),
            kinds=settings.kinds,
            handlers=tuple(handler.model_dump(mode="json") for handler in settings.handlers),
            limits=_limits(settings.channels.values()),
        )

    @classmethod
    def broken(cls, key: str, problem: str) -> Project:
        """A project whose settings as a whole cannot be read: all its deliveries wait for that."""
        return cls(key, "", {}, {"": problem})

    def to_frame(self) -> dict[str, Any]:
        """Plain values for the line."""
        return asdict(self)

    @classmethod
    def from_frame(cls, frame: Mapping[str, Any]) -> Project:
        """The inverse of `to_frame`; other keys are ignored, and an older kernel sends fewer."""
        return cls(
            frame["key"],
            frame["default"],
            frame["channels"],
            frame["problems"],
            frame.get("foreign", {}),
            Network.from_frame(frame.get("network", {})),
            frame.get("hears", {}),
            frame.get("kinds", {}),
            tuple(frame.get("handlers", ())),
            frame.get("limits", {}),
            frame.get("since", 0.0),
        )

    @property
    def names(self) -> set[str]:
        """Of all its channels, also of those that cannot be used here."""
        return {*self.channels, *self.problems, *self.foreign}

    def _about(self, name: str) -> tuple[object, ...]:
        return tuple(known.get(name) for known in (self.channels, self.problems, self.foreign))

    def changes(self, known: Project | None) -> frozenset[str]:
        """Names of the channels that are others than those known; an empty name is the default one."""
        if known is None or known.network != self.network:
            return frozenset(("", *self.names))
        changed = {name for name in self.names | known.names if self._about(name) != known._about(name)}
        if self.default != known.default or self.default in changed:
            changed.add("")
        return frozenset(changed)


def _limits(tables: Iterable[ChannelTable]) -> dict[str, Mapping[str, Any]]:
    """Of channels that have any. They count for kinds as well that only a kernel can build."""
    written = {t.name: {key: t.values[key] for key in ("rate", "fold") if key in t.values} for t in tables}
    return {name: values for name, values in written.items() if values}


def _line_values(settings: ChannelSettings) -> dict[str, Any]:
    """What `channels.build` takes; secrets as they are."""
    return settings.model_dump(mode="json", context="line", by_alias=True)
