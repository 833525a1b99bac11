"""Who would hear an alert by these settings, and who not and why. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nbalert.durations import show_duration
from nbalert.handlers import DEFAULT, GLOBAL, NAMED, Handler
from nbalert.matching import Alert, Change, Hearing, Router, grouped
from nbalert.settings import Settings


class Said(NamedTuple):
    """A channel and a handler.

    Args:
        why: Why the channel hears it by that handler, or why not.
    """

    channel: str
    handler: str
    is_heard: bool
    why: str


def explained(settings: Settings, alert: Alert, change: Change, channels: Sequence[str]) -> list[Said]:
    """Whom the sender names, then handlers of other topics, those of its topics, and who hears everything.

    Args:
        channels: Whom the sender names; an empty name is the default channel.

    Raises:
        UnknownChannel: It names one that there is not.
    """
    router = Router(settings.handlers, settings.hears)
    named = [settings.channel(name or None).name for name in channels]
    hearings = list(router.hearings(alert, change))
    said = [Said(name, NAMED, True, "the sender names it") for name in named]
    said += _of_handlers(router, hearings, alert, change, named)
    if not named and not router.is_subscribed(alert.topic):
        said.append(Said(settings.default, DEFAULT, True, "nobody subscribes to its topic"))
    return said


def _of_handlers(
    router: Router, hearings: Sequence[Hearing], alert: Alert, change: Change, named: Sequence[str]
) -> Iterator[Said]:
    firsts = {channel: group.first for channel, group in grouped(hearings, lambda one: False).items()}
    reached = {one.handler.id: one for one in hearings if one.handler.id != GLOBAL}
    for handler in router.handlers:
        if handler.id not in reached:
            why = f"topic is {handler.topic}, and it is not published there"
            yield Said(_place(handler), handler.id, False, why)
    for hearing in hearings:
        if hearing.lacks or hearing.rule:
            why = _why_not(hearing, alert, change)
            yield Said(_place(hearing.handler), hearing.handler.id, False, why)
        else:
            yield _heard(hearing, firsts, named)


def _heard(hearing: Hearing, firsts: dict[str, Handler | None], named: Sequence[str]) -> Said:
    handler = hearing.handler
    why = f"topic {hearing.topic}" if hearing.topic else "it has no topic, and this handler takes any"
    why = "it hears everything" if handler.id == GLOBAL else why
    if handler.channel in named:
        return Said(handler.channel, handler.id, False, "the sender names that channel, which is told once")
    if handler.channel and (first := firsts[handler.channel]) is not handler and first is not None:
        return Said(handler.channel, handler.id, False, f"told once, by {first.id}")
    if handler.aggregate:
        why += f", in a digest every {show_duration(handler.aggregate.interval)}"
    return Said(_place(handler), handler.id, True, why)


def _place(handler: Handler) -> str:
    """A channel, or the topics where it is published."""
    return handler.channel or ", ".join(f"topic {topic}" for topic in handler.publish)


def _why_not(hearing: Hearing, alert: Alert, change: Change) -> str:
    handler, what = hearing.handler, hearing.lacks or hearing.rule
    key, _, field = what.partition(".")
    if key == "levels":
        return f"levels are {', '.join(handler.levels)}, and it is {alert.level.name}"
    if key == "metadata":
        return f"metadata.{field} is not {handler.metadata[field]!r}"
    if key == "longer_than":
        took = "is not known" if alert.duration_s is None else f"is {show_duration(alert.duration_s)}"
        return f"longer_than is {show_duration(handler.longer_than or 0.0)}, and how long it took {took}"
    if key == "recoveries":
        return "recoveries is false, and it has recovered"
    if key == "state_changes_only":
        again = f"; told again after {show_duration(handler.remind_after)}" if handler.remind_after else ""
        return f"state_changes_only is true, and it was {change.before.name} before{again}"
    return f"{key} is {getattr(handler, key)}"
