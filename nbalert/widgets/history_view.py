"""The history in a notebook: a table that stays in the file, above it what filters, sends again and silences.

Table and controls are two displays: the file keeps the table as HTML and text, which needs no kernel. In a
dashboard, which has no file, both are one widget.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

import ipywidgets
from IPython.display import display, update_display

from nbalert.durations import show_duration
from nbalert.errors import CourierError
from nbalert.history_words import STATES, Row, states_of
from nbalert.option_types import LEVELS
from nbalert.widgets.history_table import table_data
from nbalert.widgets.silencing import Silencer, Silencing
from nbalert.widgets.where import is_dashboard

FALLBACK = "Filters of the history: run %nbalert history to see them."
_TIMES: tuple[tuple[str, float], ...] = (
    ("last hour", 3600.0),
    ("last day", 86400.0),
    ("last week", 604800.0),
)

_ALL = object()
"""Chosen where a filter lets everything through; None would be no choice at all."""

Option = tuple[str, Any]


class Source(Silencer, Protocol):
    """Where the history is, and who sends again."""

    def rows(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A row a message and channel, oldest first."""

    def channels(self) -> list[str]:
        """The names of those that anything was sent to."""

    def retry(self, messages: Sequence[str]) -> str:
        """Send again what was given up of these messages; what was done, in words."""


class HistoryView:
    """What was sent, and what became of it.

    Args:
        wanted: `limit`, and by what it is filtered at first.
        notebook: The notebook that it is shown in, as messages name it; empty where that is not known.
    """

    def __init__(self, source: Source, wanted: Mapping[str, Any], notebook: str) -> None:
        self._source, self._limit = source, wanted["limit"]
        self._display = f"nbalert-{uuid4().hex}"
        channels = [(name or "(default)", name) for name in source.channels()]
        choices: dict[str, tuple[str, Sequence[Option]]] = {
            "notebook": ("Notebook", [("this notebook", notebook)] if notebook else []),
            "within_s": ("Time", _TIMES),
            "level": ("Level", [(level, level) for level in LEVELS]),
            "channel": ("Channel", channels),
            "state": ("State", [(said, state) for state, said in STATES.items()]),
        }
        self._filters = {
            name: _choice(*choice, wanted.get(name, _ALL), _last if name == "within_s" else str)
            for name, choice in choices.items()
        }
        self._again = self._button("Send again", "paper-plane", "What is shown and was given up", self._retry)
        self._fresh = self._button("Refresh", "refresh", "Read the history anew", lambda: "")
        self._silencing = Silencing(source, self._act)
        self._said = ipywidgets.HTML()
        self._table = ipywidgets.HTML() if is_dashboard() else None
        for one in self._filters.values():
            one.observe(lambda _: self._act(lambda: ""), "value")
        controls = (*self._filters.values(), self._again, self._fresh)
        row = ipywidgets.HBox(controls, layout=ipywidgets.Layout(flex_flow="row wrap"))
        parts = (row, self._silencing.box, self._said, self._table)
        self.box = ipywidgets.VBox([part for part in parts if part])
        self.box.add_class("nbalert-history")
        self._read()

    def show(self) -> None:
        """Display controls and table."""
        bundle = self.box._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        display({**data, "text/plain": FALLBACK}, raw=True)
        if self._table is None:
            display(table_data(self.shown), raw=True, display_id=self._display)

    @property
    def wanted(self) -> dict[str, Any]:
        """What the courier is asked for."""
        chosen = {name: one.value for name, one in self._filters.items() if one.value is not _ALL}
        return {"limit": self._limit, **chosen}

    def _read(self) -> None:
        self.shown: list[Row] = list(self._source.rows(self.wanted))
        self._again.disabled = not self._stuck()
        self._silencing.show(self.shown)
        if self._table:
            self._table.value = table_data(self.shown)["text/html"]

    def _stuck(self) -> list[str]:
        return [row["id"] for row in self.shown if "undelivered" in states_of(row)]

    def _retry(self) -> str:
        return self._source.retry(self._stuck())

    def _button(self, label: str, icon: str, tooltip: str, action: Callable[[], str]) -> Any:
        button = ipywidgets.Button(description=label, icon=icon, tooltip=tooltip)
        button.on_click(lambda _: self._act(action))
        return button

    def _act(self, action: Callable[[], str]) -> None:
        """Do something, say what it says, and show what is so then."""
        try:
            said = action()
            self._read()
        except CourierError as error:
            said = str(error)
        self._said.value = f'<div role="status">{html.escape(said)}</div>' if said else ""
        if self._table is None:
            update_display(table_data(self.shown), raw=True, display_id=self._display)


def _choice(label: str, known: Sequence[Option], value: Any, says: Callable[[Any], str] = str) -> Any:
    """All, or one of what is known; and what was asked for, should that be something else."""
    options = [("all", _ALL), *known]
    if value not in [option for _, option in options]:
        options.append((says(value), value))
    layout = ipywidgets.Layout(width="220px")
    return ipywidgets.Dropdown(description=label, options=options, value=value, layout=layout)


def _last(seconds: float) -> str:
    return f"last {show_duration(seconds)}"
