"""Silences in the history: one alert is kept quiet for a while, and what is kept quiet is told again."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import ipywidgets

from nbalert.history import glob_of
from nbalert.history_words import Row

LENGTHS = (("1 h", 3600.0), ("8 h", 8 * 3600.0), ("1 day", 86400.0), ("1 week", 7 * 86400.0))
NAME_CHARS = 60

Act = Callable[[Callable[[], str]], None]
"""Does something, says what it says, and shows everything anew."""


class Silencer(Protocol):
    """Who keeps the silences."""

    def silences(self) -> list[dict[str, Any]]:
        """Those of now, oldest first."""

    def silence(self, alert: str, for_s: float) -> None:
        """Begin one."""

    def end_silence(self, silence: int) -> None:
        """End one."""


class Silencing:
    """Which alert, for how long, and the silences of now.

    Args:
        act: Called with what a click is to do.
    """

    def __init__(self, silencer: Silencer, act: Act) -> None:
        self._silencer, self._act = silencer, act
        self._names: dict[str, str] = {}
        width = ipywidgets.Layout(width="auto", max_width="360px", flex="1 1 220px")
        self._alert = ipywidgets.Dropdown(description="Alert", layout=width)
        self._length = ipywidgets.Dropdown(
            description="For", options=LENGTHS, layout=ipywidgets.Layout(width="190px")
        )
        self._button = ipywidgets.Button(
            description="Silence",
            icon="bell-slash",
            tooltip="Tell nothing of this alert",
        )
        self._button.on_click(lambda _: self._act(self._begin))
        row = ipywidgets.HBox(
            [self._alert, self._length, self._button], layout=ipywidgets.Layout(flex_flow="row wrap")
        )
        self._active = ipywidgets.VBox()
        self.box = ipywidgets.VBox([row, self._active])

    def show(self, rows: Sequence[Row]) -> None:
        """The alerts among rows, newest first; and the silences of now.

        Raises:
            CourierError: There is no courier to ask.
        """
        active = self._silencer.silences()
        names = {row["alert"]: _short(row["title"]) for row in reversed(rows) if not row["question"]}
        self._names |= {alert: name for alert, name in names.items() if alert not in self._names}
        chosen = self._alert.value
        self._alert.options = [(name, alert) for alert, name in names.items()]
        self._alert.value = chosen if chosen in names else next(iter(names), None)
        self._alert.disabled = self._length.disabled = self._button.disabled = not names
        before, self._active.children = self._active.children, tuple(map(self._line, active))
        for line in before:
            for child in (*line.children, line):
                child.close()

    def _line(self, silence: Mapping[str, Any]) -> Any:
        until = datetime.fromtimestamp(silence["until"]).astimezone().strftime("%Y-%m-%d %H:%M")
        says = f"Silenced until {until}: {self._name(silence)} ({silence['count']} kept quiet)"
        button = ipywidgets.Button(
            description="End silence", icon="bell", tooltip=f"Tell again of {self._name(silence)}"
        )
        button.on_click(lambda _: self._act(partial(self._end, silence)))
        text = ipywidgets.HTML(f'<span style="overflow-wrap:anywhere">{html.escape(says)}</span>')
        return ipywidgets.HBox([text, button], layout=ipywidgets.Layout(flex_flow="row wrap"))

    def _name(self, silence: Mapping[str, Any]) -> str:
        """As people know it: a cell's alert by its title, whatever else as it is typed."""
        names = {f"silence --alert {glob_of(alert)}": name for alert, name in self._names.items()}
        return names.get(silence["rule"], str(silence["rule"]))

    def _begin(self) -> str:
        alert = self._alert.value
        self._silencer.silence(alert, self._length.value)
        return f"{self._names[alert]}: silenced for {self._length.label}"

    def _end(self, silence: Mapping[str, Any]) -> str:
        self._silencer.end_silence(silence["id"])
        return f"{self._name(silence)}: told again"


def _short(title: str) -> str:
    return title if len(title) <= NAME_CHARS else f"{title[: NAME_CHARS - 1]}…"
