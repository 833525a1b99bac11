"""Channels and kinds as text: what `nbalert channels` lists."""

from __future__ import annotations

from collections.abc import Iterator

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.channels.registry import registered
from nbalert.described import Described, described
from nbalert.errors import SettingsError
from nbalert.fields import ASKING, ChannelSettings
from nbalert.settings import Settings


def channels_text(settings: Settings) -> str:
    """Name, kind, whether it is the default, and what is wrong with it; one a line."""
    return "\n".join(_channel_line(settings, name) for name in sorted(settings.channels))


def kinds_text() -> str:
    """Every kind: what it can do, where it comes from, and what it lacks here; one a line."""
    kinds = channels.kinds()
    width = max(map(len, kinds))
    return "\n".join(f"{kind:<{width}}  {kind_text(kind)}" for kind in kinds)


def settings_text(cls: type[Channel]) -> str:
    """What a kind can be told, one a line: its own settings first, then those that every kind has."""
    unused = {"kind"} if cls.can_reply else {"kind", *ASKING}
    common = {setting.key for setting in described(ChannelSettings)}
    settings = [setting for setting in described(cls.Settings) if setting.key not in unused]
    ordered = sorted(settings, key=lambda setting: setting.key in common)
    width = max(len(setting.key) for setting in ordered)
    return "\n".join(_setting_line(setting, width) for setting in ordered)


def _setting_line(setting: Described, width: int) -> str:
    one_of = f": {', '.join(setting.choices)}" if setting.choices else ""
    default = f" [default: {setting.default_text}]" if setting.default_text else ""
    must = " (needed)" if setting.is_required else default
    return f"{setting.key:<{width}}  {setting.form:<8}  {setting.help}{one_of}{must}"


def _channel_line(settings: Settings, name: str) -> str:
    table = settings.channels[name]
    mark = " (default)" if name == settings.default else ""
    try:
        checked = channels.check(table)
        does = "posts" if _why_silent(checked) else "posts and asks"
        hears = ", hears every alert" if checked.is_global else ""
        off = ", switched off" if not checked.enabled else ""
        return f"{name}{mark}: {table.kind}, {does}{hears}{off}, from {table.origin.file}"
    except SettingsError as error:
        return f"{name}{mark}: cannot be used: {error}"


def kind_text(kind: str) -> str:
    """One kind: what it can do, where it comes from, and what it lacks here."""
    try:
        lacks = list(_lacks(kind))
        words = [does(kind), _origin(kind), *lacks]
    except SettingsError as error:
        return f"cannot be used: {error}"
    return "; ".join(words)


def does(kind: str) -> str:
    """What a kind can do, in a few words."""
    try:
        return "posts and asks" if channels.channel_class(kind).can_reply else "posts"
    except SettingsError:
        return "cannot be used"


def _why_silent(settings: ChannelSettings) -> str:
    """Why a configured channel cannot ask; empty if it can."""
    cls = channels.channel_class(settings.kind)
    return cls.why_no_answers(settings) if cls.can_reply else f"{settings.kind} cannot bring answers"


def _origin(kind: str) -> str:
    if own := registered().get(kind):
        return f"registered in this process by {own.cls.__module__}:{own.cls.__qualname__}"
    if kind in channels.KINDS:
        return "comes with nbalert"
    if kind in (brought := channels.brought()):
        place, package = brought[kind]
        return f"comes with the package {package or place}"
    return f"registered in your own settings as {channels.packaged()[kind]}"


def _lacks(kind: str) -> Iterator[str]:
    if missing := channels.missing_extra(channels.channel_class(kind)):
        yield missing
