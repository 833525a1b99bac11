"""Who may answer a question: what the settings allow, narrowed by what the caller says."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from nbalert.errors import CannotAsk, SettingsError
from nbalert.policy import ANYONE, Policy
from nbalert.terms import Terms

if TYPE_CHECKING:
    from nbalert.fields import ChannelSettings
    from nbalert.settings import ChannelTable, Settings

GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a question is asked, and who may answer there.

    Args:
        channels: Names, the first one first of all.
        policies: By name of channel, also of the one that it is escalated to.
        escalate_to: Empty for none.
        escalate_after_s: Seconds.
    """

    channels: tuple[str, ...]
    policies: Mapping[str, Policy]
    escalate_to: str = ""
    escalate_after_s: float | None = None


def places_for(settings: Settings, terms: Terms) -> Places:
    """Every channel of a question.

    Raises:
        CannotAsk: Nobody could answer on one of them; says what is missing.
        SettingsError: The settings of one are wrong.
    """
    tables = [settings.channel(name) for name in terms.channels or (None,)]
    policies = {table.name: policy_for(table, terms, settings) for table in tables}
    names = tuple(policies)
    if terms.need > 1 and len({table.kind for table in tables}) > 1:
        raise CannotAsk(f"--need {terms.need}: one person can have an id on each of {', '.join(names)}")
    further = settings.escalation(tables[0])
    if further is None or further.name in policies:
        return Places(names, policies)
    if terms.need > 1 and further.kind != tables[0].kind:  # the same there
        return Places(names, policies)
    try:
        policies[further.name] = policy_for(further, terms, settings)
    except CannotAsk:
        if terms.approvers or terms.need > 1:  # too few of its people: asked here alone
            return Places(names, policies)
        raise
    return Places(names, policies, further.name, _checked(tables[0], settings).escalate_after)


def policy_for(table: ChannelTable, terms: Terms, settings: Settings) -> Policy:
    """Who may answer on one channel, and how.

    Args:
        table: The channel.
        terms: What the caller narrows.
        settings: Have the asker's own ids, and the other channels.

    Raises:
        CannotAsk: Nobody could answer; says what is missing.
        SettingsError: The channel's settings are wrong.
    """
    checked = _checked(table, settings)
    if not checked.enabled:
        raise CannotAsk(f"channel {table.name} is switched off (enabled = false)")
    approvers = _narrowed(table, _allowed(table, checked), terms)
    asker = _asker(table, checked, settings.me)
    _check_enough(table, approvers, "" if checked.allow_self else asker, terms.need)
    return Policy(
        approvers=approvers,
        need=terms.need,
        approve=tuple(terms.approve) or checked.approve,
        reject=tuple(terms.reject) or checked.reject,
        asker=asker,
        allow_self=checked.allow_self,
        choices=tuple(terms.choices),
        input=terms.input,
    )


def _checked(table: ChannelTable, settings: Settings) -> ChannelSettings:
    from nbalert import channels  # brings pydantic and httpx; an ask takes its time anyway

    cls, why = channels.channel_class(table.kind), f"{table.kind} cannot bring answers"
    if cls.can_reply:
        checked = channels.check(table)
        if not (why := cls.why_no_answers(checked)):
            return checked
    able = ", ".join(_able(settings, channels)) or "none that is configured"
    raise CannotAsk(f"channel {table.name}: {why}; ask on a channel that can: {able}")


def _able(settings: Settings, channels: ModuleType) -> Iterator[str]:
    """The configured channels that can bring answers."""
    for name, table in sorted(settings.channels.items()):
        with suppress(SettingsError):
            cls, checked = channels.channel_class(table.kind), channels.check(table)
            if cls.can_reply and checked.enabled and not cls.why_no_answers(checked):
                yield name


def _allowed(table: ChannelTable, settings: ChannelSettings) -> tuple[str, ...]:
    """Whom the settings name, each group as its members of the channel's kind."""
    where = f"{table.origin.file}: channels.{table.name}.approvers"
    if not settings.approvers:
        raise CannotAsk(f'{where} is missing: name who may answer, or write approvers = ["{ANYONE}"]')
    allowed = _members(table, settings.approvers)
    if not allowed:
        groups = " and ".join(name.removeprefix(GROUP) for name in settings.approvers)
        raise CannotAsk(f"{where}: nobody of {groups} is on a channel of kind {table.kind}")
    return allowed


def _members(table: ChannelTable, names: Iterable[str]) -> tuple[str, ...]:
    """Ids, in order and each once; of a group those that are of the channel's kind."""
    found: dict[str, None] = {}
    for name in names:
        if not name.startswith(GROUP):
            found[name] = None
            continue
        kinds = (member.partition(":") for member in _group(table, name.removeprefix(GROUP)))
        found.update((id_, None) for kind, _, id_ in kinds if kind == table.kind)
    return tuple(found)


def _group(table: ChannelTable, name: str) -> tuple[str, ...]:
    if name in table.groups:
        return table.groups[name]
    known = ", ".join(sorted(table.groups)) or "none"
    raise CannotAsk(
        f"channel {table.name}: unknown group {name!r}; known to {table.origin.file}: {known}."
        f' Add to its [groups]: {name} = ["{table.kind}:ID"]'
    )


def _narrowed(table: ChannelTable, allowed: tuple[str, ...], terms: Terms) -> tuple[str, ...]:
    """Those of the allowed whom the caller has chosen; a group may have members who are not allowed."""
    if not terms.approvers:
        return allowed
    people = [name for name in terms.approvers if not name.startswith(GROUP)]
    chosen = _members(table, terms.approvers)
    if ANYONE in allowed:
        strangers, able = [], chosen
    else:
        strangers = [person for person in people if person not in allowed]
        able = tuple(person for person in chosen if person in allowed)
    if strangers:
        raise CannotAsk(
            f"{', '.join(strangers)} may not answer on channel {table.name} as its settings stand"
        )
    if not able:
        raise CannotAsk(f"nobody of {', '.join(terms.approvers)} may answer on channel {table.name}")
    return able


def _check_enough(table: ChannelTable, approvers: tuple[str, ...], asker: str, need: int) -> None:
    """Refuse at once what could never be met. Of `anyone` nobody knows how many they are."""
    able = set(approvers) - {asker}
    if ANYONE not in approvers and need > len(able):
        raise CannotAsk(
            f"--need {need}: {len(able)} may answer on channel {table.name}"
            + (f" besides yourself ({asker})" if asker in approvers else "")
        )


def _asker(table: ChannelTable, settings: ChannelSettings, me: Mapping[str, str]) -> str:
    """The asker's own id: on the inbox of this machine the user's name, elsewhere what `me` says."""
    if asker := me.get(table.kind, ""):
        return asker
    if table.kind == "inbox" and not getattr(settings, "url", ""):
        return getpass.getuser()
    if not settings.allow_self:
        raise CannotAsk(
            f"channel {table.name}: who are you there? Add to your own settings: me.{table.kind} ="
            ' "YOUR ID"; or allow_self = true in the channel, if you may answer yourself'
        )
    return ""
