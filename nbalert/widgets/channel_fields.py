"""The fields of one kind of channel: its own, then who answers, then what every kind has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ipywidgets

from nbalert.channels.base import Channel
from nbalert.described import Described, described, flat, nested
from nbalert.fields import ASKING, ChannelSettings
from nbalert.widgets.form_look import entry, small
from nbalert.widgets.member_choice import MemberChoice
from nbalert.widgets.setting_field import SettingField

_COMMON = {setting.key for setting in described(ChannelSettings)} - {"approvers", "allow_self"}
_ASKING = ("approvers", "allow_self")
_ME = "Your own id there: who asks does not answer. In your own settings"


class ChannelFields:
    """Filled in with what is known of a channel.

    Args:
        cls: Of the kind.
        known: Its settings as they stand in a file.
        me: Your own id there.
        load: Who is there: id and name.
        act: Runs an action; what goes wrong in it is said to the reader.
    """

    def __init__(
        self,
        cls: type[Channel],
        known: Mapping[str, Any],
        me: str,
        load: Callable[[], Sequence[tuple[str, str]]],
        act: Callable[[Callable[[], None]], None],
    ) -> None:
        self._kind = cls.kind
        unused = {"kind"} if cls.can_reply else {"kind", *ASKING}
        settings = [one for one in described(cls.Settings) if one.key not in unused]
        self._fields = {one.key: SettingField(one) for one in settings}
        for key, value in flat(known):
            if key in self._fields:
                self._fields[key].show(value)
        self._me = entry(
            ipywidgets.Text, "me", value=me, continuous_update=False, placeholder="your own id there"
        )
        asking = list(self._asking(cls, load, act)) if cls.can_reply else []
        shown = [one for one in settings if one.key not in _ASKING]
        own = [self._fields[one.key].box for one in shown if _is_first(one)]
        later = sorted((one for one in shown if not _is_first(one)), key=lambda one: one.key in _COMMON)
        rest = ipywidgets.VBox([self._fields[one.key].box for one in later])
        more = ipywidgets.Accordion([rest], titles=("More settings",), selected_index=None)
        self.boxes = (*own, *asking, more)

    @property
    def me(self) -> str:
        """Your own id there; empty where none is said."""
        return str(self._me.value).strip()

    def values(self) -> dict[str, Any]:
        """What is filled in, as a table.

        Raises:
            SettingsError: Something cannot be meant.
        """
        filled = ((key, field.value()) for key, field in self._fields.items())
        return nested([("kind", self._kind), *((key, value) for key, value in filled if value is not None)])

    def _asking(
        self,
        cls: type[Channel],
        load: Callable[[], Sequence[tuple[str, str]]],
        act: Callable[[Callable[[], None]], None],
    ) -> Iterator[Any]:
        """Who answers, and who you are."""
        approvers = self._fields["approvers"]
        yield approvers.box
        if cls.members is not Channel.members:
            yield MemberChoice(approvers, load, act).box
        yield self._fields["allow_self"].box
        yield from (self._me, ipywidgets.HTML(small(_ME)))


def _is_first(setting: Described) -> bool:
    """Whether a newcomer has to see it: what a kind alone has, and has no value of its own."""
    return setting.key not in _COMMON and (setting.is_required or setting.default in (None, "", ()))
