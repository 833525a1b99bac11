"""Who may answer a question: what the settings allow, narrowed by what the caller says."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from nbalert.errors import CannotAsk
from nbalert.policy import ANYONE, Policy

if TYPE_CHECKING:
    from nbalert.fields import ChannelSettings
    from nbalert.settings import ChannelTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a caller may say about an ask; None and empty mean: as the settings say.

    Args:
        channel: Name of the channel.
        timeout_s: Seconds.
        approvers: Narrows who may answer; nobody is added.
        need: How many have to approve.
        approve: Words that mean yes.
        reject: Words that mean no.
    """

    channel: str | None = None
    timeout_s: float | None = None
    approvers: Sequence[str] = ()
    need: int = 1
    approve: Sequence[str] = ()
    reject: Sequence[str] = ()


def policy_for(table: ChannelTable, terms: Terms, me: Mapping[str, str]) -> Policy:
    """Who may answer, from the settings and what the caller narrows.

    Raises:
        CannotAsk: Nobody could; says what is missing.
    """
    from nbalert import channels  # brings pydantic and httpx; an ask takes its time anyway

    _check_can_reply(table, channels)
    settings = channels.check(table)
    approvers = _narrowed(table, settings.approvers, tuple(terms.approvers))
    if not settings.enabled:
        raise CannotAsk(f"channel {table.name} is switched off (enabled = false)")
    asker = _asker(table, settings, me)
    able = set(approvers) if settings.allow_self else set(approvers) - {asker}
    if terms.need < 1 or (ANYONE not in approvers and terms.need > len(able)):
        raise CannotAsk(f"--need {terms.need}: {len(able)} may answer on channel {table.name}")
    return Policy(
        approvers=approvers,
        need=terms.need,
        approve=tuple(terms.approve) or settings.approve,
        reject=tuple(terms.reject) or settings.reject,
        asker=asker,
        allow_self=settings.allow_self,
    )


def _check_can_reply(table: ChannelTable, channels: ModuleType) -> None:
    if channels.channel_class(table.kind).can_reply:
        return
    able = [kind for kind in channels.kinds() if channels.channel_class(kind).can_reply]
    raise CannotAsk(
        f"channel {table.name}: {table.kind} cannot bring answers; ask on a channel of kind {', '.join(able)}"
    )


def _narrowed(table: ChannelTable, allowed: tuple[str, ...], chosen: tuple[str, ...]) -> tuple[str, ...]:
    if not allowed:
        raise CannotAsk(
            f"{table.origin.file}: channels.{table.name}.approvers is missing: name who may answer,"
            f' or write approvers = ["{ANYONE}"]'
        )
    strangers = [person for person in chosen if person not in allowed]
    if strangers and ANYONE not in allowed:
        raise CannotAsk(
            f"{', '.join(strangers)} may not answer on channel {table.name} as its settings stand"
        )
    return chosen or allowed


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
