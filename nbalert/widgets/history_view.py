"""The history in a notebook: a table that stays in the file, and above it what filters it and sends again.

Table and controls are two displays: the file keeps the table as HTML and text, which needs no kernel.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import ipywidgets
from IPython.display import display, update_display

from nbalert.errors import CourierError
from nbalert.question import Decision
from nbalert.show import history_text

ALL = ""
UNDELIVERED = "not delivered"
DECIDED = "decided"
FALLBACK = "Filters of the history: run %nbalert history to see them."

Row = Mapping[str, Any]

_CELL = "padding:2px 10px;text-align:left;vertical-align:top;overflow-wrap:anywhere"
_HEADS = ("When", "Level", "Channel", "State", "What")


class HistoryView:
    """What was sent, and what became of it.

    Args:
        rows: Reads the newest ones anew, oldest first.
        retry: Sends again what was given up of these messages; what it has done, in words.
    """

    def __init__(self, rows: Callable[[], Sequence[Row]], retry: Callable[[Sequence[str]], str]) -> None:
        self._read, self._retry = rows, retry
        self._display = f"nbalert-{uuid4().hex}"
        self._rows = rows()
        self._level = _choice("Level", sorted({row["level"] for row in self._rows}))
        self._channel = _choice("Channel", sorted({row["channel"] or "(default)" for row in self._rows}))
        self._state = _choice("State", ["delivered", UNDELIVERED, DECIDED])
        self._again = _button("Send again", "paper-plane", "What is shown and was given up", self._send_again)
        self._fresh = _button("Refresh", "refresh", "Read the history anew", self._refresh)
        self._said = ipywidgets.HTML()
        for one in (self._level, self._channel, self._state):
            one.observe(lambda _: self._redraw(), "value")
        controls = (self._level, self._channel, self._state, self._again, self._fresh)
        row = ipywidgets.HBox(controls, layout=ipywidgets.Layout(flex_flow="row wrap"))
        self.box = ipywidgets.VBox([row, self._said])
        self.box.add_class("nbalert-history")
        self._allow()

    def show(self) -> None:
        """Display controls and table."""
        bundle = self.box._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        display({**data, "text/plain": FALLBACK}, raw=True)
        display(table_data(self.shown), raw=True, display_id=self._display)

    @property
    def shown(self) -> list[Row]:
        """The rows that the filters let through."""
        return [row for row in self._rows if self._is_wanted(row)]

    def _is_wanted(self, row: Row) -> bool:
        wants = (
            (self._level.value, (row["level"],)),
            (self._channel.value, (row["channel"] or "(default)",)),
            (self._state.value, tuple(_states(row))),
        )
        return all(wanted == ALL or wanted in found for wanted, found in wants)

    def _redraw(self) -> None:
        self._allow()
        update_display(table_data(self.shown), raw=True, display_id=self._display)

    def _allow(self) -> None:
        self._again.disabled = not self._stuck()

    def _stuck(self) -> list[str]:
        return [row["id"] for row in self.shown if UNDELIVERED in _states(row)]

    def _send_again(self) -> None:
        self._act(lambda: self._retry(self._stuck()))

    def _refresh(self) -> None:
        self._act(lambda: "")

    def _act(self, action: Callable[[], str]) -> None:
        try:
            said = action()
            self._rows = self._read()
        except CourierError as error:
            said = str(error)
        self._said.value = f'<div role="status">{html.escape(said)}</div>' if said else ""
        self._redraw()


def table_data(rows: Sequence[Row]) -> dict[str, str]:
    """Rows as the file keeps them, newest first in HTML, as in a terminal in text."""
    heads = "".join(f'<th style="{_CELL}">{head}</th>' for head in _HEADS)
    lines = "".join(map(_line, reversed(rows)))
    empty = "" if rows else "<p>nothing to show</p>"
    table = (
        f'<table style="font-size:92%"><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>{empty}'
    )
    return {"text/plain": history_text(rows), "text/html": f'<div class="nbalert-sent">{table}</div>'}


def _line(row: Row) -> str:
    when = datetime.fromtimestamp(row["accepted_at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    state = row["state"] or "accepted"
    why = f" ({row['error']})" if row["error"] and state != "delivered" else ""
    ended = f" → {Decision.from_json(json.loads(row['decision'])).sentence}" if row["decision"] else ""
    texts = (when, row["level"], row["channel"] or "(default)", state + why, row["title"] + ended)
    cells = "".join(f'<td style="{_CELL}">{html.escape(text)}</td>' for text in texts)
    return f"<tr>{cells}</tr>"


def _states(row: Row) -> Iterator[str]:
    if row["state"] == "delivered":
        yield "delivered"
    elif row["error"]:
        yield UNDELIVERED
    if row["decision"]:
        yield DECIDED


def _choice(label: str, words: Sequence[str]) -> Any:
    options = [("all", ALL), *((word, word) for word in words)]
    return ipywidgets.Dropdown(description=label, options=options, layout=ipywidgets.Layout(width="220px"))


def _button(label: str, icon: str, tooltip: str, action: Callable[[], None]) -> Any:
    button = ipywidgets.Button(description=label, icon=icon, tooltip=tooltip)
    button.on_click(lambda _: action())
    return button
