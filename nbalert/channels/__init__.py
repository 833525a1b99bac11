"""The table of channel kinds, and the way from a settings table to a channel.

A kind is imported when it is first used: `%load_ext` pays for none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from nbalert.channels import sources
from nbalert.channels.base import Channel
from nbalert.channels.registry import registered
from nbalert.errors import SettingsError
from nbalert.fields import ChannelSettings
from nbalert.forks import whole_modules
from nbalert.network import Network
from nbalert.settings import ChannelTable

KINDS = {
    "apprise": "nbalert.channels.apprise:AppriseChannel",
    "discord": "nbalert.channels.discord:DiscordChannel",
    "discord-webhook": "nbalert.channels.discord_webhook:DiscordWebhookChannel",
    "email": "nbalert.channels.email:EmailChannel",
    "inbox": "nbalert.channels.inbox:InboxChannel",
    "matrix": "nbalert.channels.matrix:MatrixChannel",
    "mattermost": "nbalert.channels.mattermost:MattermostChannel",
    "mattermost-webhook": "nbalert.channels.mattermost_webhook:MattermostWebhookChannel",
    "ntfy": "nbalert.channels.ntfy:NtfyChannel",
    "slack": "nbalert.channels.slack:SlackChannel",
    "slack-webhook": "nbalert.channels.slack_webhook:SlackWebhookChannel",
    "teams": "nbalert.channels.teams:TeamsChannel",
    "telegram": "nbalert.channels.telegram:TelegramChannel",
    "webhook": "nbalert.channels.webhook:WebhookChannel",
}
"""Kind → where its class is. Entry points of the group `nbalert.channels` add rows, and so does `[kinds]` in
one's own settings."""
SETTINGS = {
    "inbox": "nbalert.channels.inbox_settings:InboxSettings",
    "matrix": "nbalert.channels.matrix_settings:MatrixSettings",
    "ntfy": "nbalert.channels.ntfy_settings:NtfySettings",
    "slack": "nbalert.channels.slack_settings:SlackSettings",
    "slack-webhook": "nbalert.channels.slack_settings:SlackWebhookSettings",
    "webhook": "nbalert.channels.webhook_settings:WebhookSettings",
}
"""Kind → where its settings are, if they can be had without its class. Whoever alerts only checks them, and a
class brings httpx: 25 ms and 6 MiB."""


def kinds() -> dict[str, str]:
    """Every known kind and where its class is, in alphabetical order; also those registered here."""
    own = {
        kind: f"{one.cls.__module__}:{one.cls.__qualname__} (registered)"
        for kind, one in registered().items()
    }
    return dict(sorted({**packaged(), **own}.items()))


def packaged() -> dict[str, str]:
    """The kinds that nbalert, other packages and the user's settings bring, and where their classes are."""
    return {**sources.known(), **{kind: place for kind, (place, _) in brought().items()}, **KINDS}


def brought() -> dict[str, tuple[str, str]]:
    """The kinds that other packages bring: where the class is, and the package's name."""
    points = entry_points(group="nbalert.channels")
    return {point.name: (point.value, point.dist.name if point.dist else "") for point in points}


def is_packaged(kind: str) -> bool:
    """Whether a package of this environment brings the kind, or a class by its source that is here."""
    if kind in KINDS or kind in brought():
        return True
    return kind in sources.known() and sources.is_here(sources.known()[kind])


def channel_class(kind: str) -> type[Channel]:
    """The class of a kind, in the process that has registered it also of that kind.

    Raises:
        SettingsError: No such kind, or it cannot be imported here.
    """
    own = registered().get(kind)
    return own.cls if own else packaged_class(kind)


def settings_class(kind: str) -> type[ChannelSettings]:
    """The settings of a kind, without its class where that can be.

    Raises:
        SettingsError: No such kind, or it cannot be imported here.
    """
    if kind in registered() or kind not in SETTINGS:
        return channel_class(kind).Settings
    module, _, name = SETTINGS[kind].partition(":")
    with whole_modules():
        found: type[ChannelSettings] = getattr(import_module(module), name)
    return found


def packaged_class(kind: str) -> type[Channel]:
    """The class of a kind that a package brings: all that a courier builds channels of.

    Raises:
        SettingsError: No such kind, or it cannot be imported here.
    """
    known = packaged()
    if kind not in known:
        raise SettingsError(
            f"unknown kind of channel {kind!r}; known kinds: {', '.join(kinds())}; "
            "nbalert.register adds a class of your own"
        )
    try:
        return sources.imported(known[kind])
    except SettingsError as error:
        raise SettingsError(f"the kind {kind!r} {error}") from None


def missing_extra(cls: type[Channel]) -> str:
    """What a kind cannot do here for want of a package, and how to get it; empty if nothing is missing."""
    if not cls.extra or all(find_spec(module) for module in cls.extra.modules):
        return ""
    return f"{cls.extra.purpose} pip install 'nbalert[{cls.extra.name}]'"


def check(table: ChannelTable) -> ChannelSettings:
    """A channel's table as the settings of its kind, secrets resolved.

    Raises:
        SettingsError: Names file and key, never a value.
    """
    return table.checked(settings_class(table.kind))


def build(name: str, values: Mapping[str, Any], network: Network | None = None) -> Channel:
    """A channel from values that `check` has seen, on the side of the courier.

    Args:
        network: The way out of its project; None where only this machine is to be reached.
    """
    found = packaged_class(str(values["kind"]))
    return found(name, found.Settings.model_validate(values).through(network or Network()))
