"""`[[handlers]]`: who subscribes to which topics, as it is written and checked when settings are loaded.

[[handlers]]
id = "nightly"
topic = "nightly*"
channel = "team"
levels = ["WARNING", "CRITICAL"]
options = { embed_title = "Hey, listen!", title = "$level: $title" }
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator

from nbalert.errors import SettingsError
from nbalert.fields import Duration, Frozen, Origin, validated
from nbalert.message import Level, Value
from nbalert.nearest import hint
from nbalert.templates import check

NAMED, GLOBAL, DEFAULT = "named", "global", "default"
"""What the record of routing calls those who hear an alert without a handler of their own: whom the sender
named, who hears everything, and who hears what nobody else subscribes to."""

TITLE_FIELDS = (
    *("title", "level", "topic", "notebook", "cell", "host", "user", "duration"),
    *("before", "lasted", "runs"),
)
"""What can stand in a title: `before` is the level at the last run; `lasted` says for how long, and `runs`
how many times in a row, it has failed."""
DIGEST_FIELDS = ("count", "interval", "topic", "level", "first", "last")
"""What can stand in the message of a digest: `level` is the worst, `first` and `last` are titles."""

_SETS = re.compile(r"\[!?\]?[^\]]*\]")


def _glob(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("is empty: * stands for any text")
    if "[" in _SETS.sub("", text):
        raise ValueError(f"{text!r} opens a [ that it does not close; a [ itself is written [[]")
    return text


def _title(text: str) -> str:
    return check(text, TITLE_FIELDS)


def _digest(text: str) -> str:
    return check(text, DIGEST_FIELDS)


def _level(value: object) -> object:
    return Level.parse(value).name if isinstance(value, str) else value


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _topic(text: str) -> str:
    if not text.strip() or any(sign in text for sign in "*?["):
        raise ValueError(f"{text!r} is no name of a topic: it is one to publish to, so it has no * ? or [")
    return text


Glob = Annotated[str, AfterValidator(_glob)]
"""`*` any text, `?` one sign, `[abc]` one of these; upper and lower case differ."""
Topic = Annotated[str, AfterValidator(_topic)]


class Options(Frozen):
    """How the channel shows what comes by a handler; what is left out is as its own settings say."""

    username: str | None = Field(None, description="Name to post under")
    avatar_url: str | None = Field(None, description="Picture to post under")
    embed_title: str | None = Field(None, description="Title of the embed; empty for none")
    timestamp: bool | None = Field(None, strict=True, description="Whether to show the time")
    mention: Annotated[tuple[str, ...], BeforeValidator(_one_or_more)] = Field(
        (), description="Ids of people to notify"
    )
    title: Annotated[str, AfterValidator(_title)] = Field(
        "", description="Title, with $title, $level, $topic, $notebook … in it"
    )

    @property
    def look(self) -> dict[str, Any]:
        """What takes the place of the channel's own settings."""
        given = self.model_dump(include={"username", "avatar_url", "embed_title", "timestamp"})
        return {key: value for key, value in given.items() if value is not None}


class Aggregate(Frozen):
    """Many alerts as one message."""

    interval: Duration = Field(description="How often there is one")
    message: Annotated[str, AfterValidator(_digest)] = Field(
        "$count alerts in the last $interval", description="Its text, with $count, $interval … in it"
    )


class Handler(Frozen):
    """One `[[handlers]]`: which alerts of which topics a channel hears."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")] = Field(description="Its name; unique")
    topic: Glob = Field("*", description="Topics it subscribes to, a glob; all if left out")
    channel: str = Field("", description="Which channel hears them")
    publish: Annotated[tuple[Topic, ...], BeforeValidator(_one_or_more)] = Field(
        (), description="Topics that they are published to as well"
    )
    enabled: bool = Field(True, strict=True, description="Switch off to have it do nothing")
    levels: Annotated[tuple[Annotated[str, BeforeValidator(_level)], ...], BeforeValidator(_one_or_more)] = (
        Field((), description="OK, INFO, WARNING, CRITICAL; all if left out")
    )
    state_changes_only: bool = Field(
        False, strict=True, description="Only alerts whose level is another than at their last run"
    )
    remind_after: Duration | None = Field(
        None, description="With state_changes_only: those that go on failing are told again after so long"
    )
    recoveries: bool = Field(True, strict=True, description="Whether it hears that an alert fails no longer")
    name: Glob = Field("*", description="Titles, a glob")
    notebook: Glob = Field("*", description="Notebooks, a glob of the end of their path")
    longer_than: Duration | None = Field(None, description="Only what took longer")
    metadata: dict[str, Value] = Field(
        default_factory=dict, description="Fields of metadata with the values that they must have"
    )
    aggregate: Aggregate | None = Field(None, description="One digest instead of each alert")
    options: Options = Field(default_factory=Options, description="How the channel shows it")
    _file: str = PrivateAttr("")

    @property
    def file(self) -> str:
        """Where it is written, for errors."""
        return self._file

    @model_validator(mode="after")
    def _does_something(self, info: ValidationInfo) -> Self:
        if self.id in (NAMED, GLOBAL, DEFAULT) and isinstance(info.context, Origin):
            raise ValueError(f"the id {self.id} has a meaning of its own; choose another")
        if not (self.channel or self.publish):
            raise ValueError("does nothing: name a channel, or topics to publish to")
        if self.aggregate and self.channel and self.publish:
            raise ValueError("a digest goes to a channel or is published: name one of them")
        if self.remind_after and not self.state_changes_only:
            raise ValueError("remind_after is for state_changes_only = true: without it all is told anyway")
        return self


@dataclass(frozen=True, slots=True)
class HandlersOf:
    """The handlers of one file, or of the environment.

    Args:
        tables: As written.
        channels: Which ones they may name → whether that is one's own, and they come with a project.
    """

    tables: Sequence[Mapping[str, Any]]
    origin: Origin
    channels: Mapping[str, bool]

    def checked(self) -> list[Handler]:
        """Each as what it means.

        Raises:
            SettingsError: Names file, key and what to do.
        """
        return [self._checked(number, table) for number, table in enumerate(self.tables)]

    def _checked(self, number: int, table: Mapping[str, Any]) -> Handler:
        where = f"handlers.{table.get('id', number)}"
        handler = validated(Handler, table, self.origin, f"{where}.")
        handler._file = self.origin.file
        if handler.channel and handler.channel not in self.channels:
            known = f"known: {', '.join(sorted(self.channels))}{hint(handler.channel, self.channels)}"
            raise SettingsError(
                f"{self.origin.file}: {where}.channel: unknown channel {handler.channel!r}; {known}"
            )
        if self.channels.get(handler.channel):
            _refuse_disguise(handler, f"{self.origin.file}: {where}")
        return handler


def all_of(groups: Iterable[HandlersOf]) -> tuple[Handler, ...]:
    """The handlers of all files, in their order.

    Raises:
        SettingsError: One is wrong, two have one id, or they publish to each other in a circle.
    """
    handlers: dict[str, Handler] = {}
    for group in groups:
        for handler in group.checked():
            if other := handlers.get(handler.id):
                raise SettingsError(
                    f"{handler.file}: handlers: two have the id {handler.id}, the other one in"
                    f" {other.file}; rename one of them"
                )
            handlers[handler.id] = handler
    _refuse_loops(handlers)
    return tuple(handlers.values())


def _refuse_disguise(handler: Handler, where: str) -> None:
    """A project may say something on a channel of the user's own, and not as somebody else."""
    if taken := {"username", "avatar_url"} & set(handler.options.look):
        raise SettingsError(
            f"{where}.options.{min(taken)}: {handler.channel} is a channel of your own settings, under whose"
            " name a project cannot post; leave it out, or move the handler to your own settings"
        )


def _refuse_loops(handlers: Mapping[str, Handler]) -> None:
    every = handlers.values()
    graph = {
        one.id: {other.id for other in every for topic in one.publish if fnmatchcase(topic, other.topic)}
        for one in every
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        raise SettingsError(
            f"{handlers[circle[0]].file}: handlers.{circle[0]}.publish: handlers publish in a circle:"
            f" {' → '.join(circle)}; take one of them out of it, or narrow its topic"
        ) from None
