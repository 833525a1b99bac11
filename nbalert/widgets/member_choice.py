"""Approvers chosen from those who are in the channel, where its service says who is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from nbalert.widgets.clicks import button
from nbalert.widgets.form_look import INDENT, LABEL, small
from nbalert.widgets.setting_field import SettingField


class MemberChoice:
    """A button, and what it brings: a box to tick for each person. A list loses its arrows to JupyterLab.

    Args:
        field: Of the approvers. Ids that are of nobody there, and groups, stay in it.
        load: Who is there: id and name.
        act: Runs an action; what goes wrong in it is said to the reader.
    """

    def __init__(
        self,
        field: SettingField,
        load: Callable[[], Sequence[tuple[str, str]]],
        act: Callable[[Callable[[], None]], None],
    ) -> None:
        self._field, self._load = field, load
        self._ticks: dict[str, Any] = {}
        layout = ipywidgets.Layout(max_height="240px", overflow="hidden auto", display="block")
        self._list, self._help = ipywidgets.VBox(layout=layout), ipywidgets.HTML()
        fetch = button("Choose from members", "users", lambda: act(self._fetch))
        fetch.layout = ipywidgets.Layout(margin=f"2px 0 2px {INDENT}", width="auto", align_self="flex-start")
        self.box = ipywidgets.VBox([fetch, self._list, self._help])

    def _fetch(self) -> None:
        chosen = self._typed()
        self._ticks = {id_: _tick(id_, name, id_ in chosen) for id_, name in self._load()}
        for tick in self._ticks.values():
            tick.observe(self._choose, "value")
        self._list.children = tuple(self._ticks.values())
        self._help.value = "" if self._ticks else small("Nobody but the bot is there")

    def _choose(self, _: Any) -> None:
        others = [id_ for id_ in self._typed() if id_ not in self._ticks]
        self._field.show([*others, *(id_ for id_, tick in self._ticks.items() if tick.value)])

    def _typed(self) -> list[str]:
        value = self._field.value()
        return [str(id_) for id_ in value] if isinstance(value, list) else []


def _tick(id_: str, name: str, is_chosen: bool) -> Any:
    shown = id_ if name == id_ else f"{name} ({id_})"
    return ipywidgets.Checkbox(value=is_chosen, description=shown, indent=True, style=LABEL)
