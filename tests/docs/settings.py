"""Every key of `nbalert.toml`, from the models that check it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from nbalert import channels
from nbalert.described import Described, described
from nbalert.fields import ASKING, ChannelSettings
from nbalert.handlers import DIGEST_FIELDS, TITLE_FIELDS, Handler
from nbalert.layers import Layer
from tests.docs.tables import cell, table

_HEADS = ("key", "type", "default", "meaning")
_TABLES = ("handlers", "channels")
"""Keys of the top that have sections of their own."""


def top() -> str:
    """What stands at the top of a file, and in `[auto]`, `[me]`, `[groups]`, `[kinds]`."""
    rows = [setting for setting in described(Layer) if setting.key not in _TABLES]
    return f"### At the top of the file\n\n{_table(rows)}"


def every_channel() -> str:
    """What every kind of channel understands."""
    about = "What every kind understands. Keys for questions count only where people can answer."
    return f"### `[channels.NAME]`\n\n{about}\n\n{_table(described(ChannelSettings))}"


def kinds() -> Iterator[str]:
    """What each kind that comes with nbalert understands besides."""
    common = {setting.key for setting in described(ChannelSettings)}
    for kind in sorted(channels.KINDS):
        cls = channels.channel_class(kind)
        own = [setting for setting in described(cls.Settings) if setting.key not in common]
        does = "Posts and asks." if cls.can_reply else f"Posts. Not used: {', '.join(ASKING)}."
        yield f'### `kind = "{kind}"`\n\n{does}\n\n{_table(own)}'.rstrip()


def handlers() -> str:
    """`[[handlers]]` with its tables, and what can stand in its templates."""
    titles, digests = (" ".join(f"`${name}`" for name in names) for names in (TITLE_FIELDS, DIGEST_FIELDS))
    fields = f"In `options.title`: {titles}. In `aggregate.message`: {digests}."
    return f"### `[[handlers]]`\n\n{_table(described(Handler))}\n\n{fields}"


def models() -> tuple[type[BaseModel], ...]:
    """Those of which the page has every field."""
    kinds_ = (channels.channel_class(kind).Settings for kind in channels.KINDS)
    return (Layer, ChannelSettings, Handler, *kinds_)


def _table(settings: Iterable[Described]) -> str:
    rows = [(f"`{one.key}`", _type(one), _default(one), cell(one.help)) for one in settings]
    return table(_HEADS, rows) if rows else ""


def _type(setting: Described) -> str:
    if setting.choices:
        return cell(" | ".join(f"`{choice}`" for choice in setting.choices))
    return f"table of {setting.entries}" if setting.entries else str(setting.form)


def _default(setting: Described) -> str:
    if setting.is_required:
        return "needed"
    return cell(f"`{setting.default_text}`") if setting.default_text else ""
