"""What a notebook shows. `view_of` picks what can be shown: a widget in a kernel, a line in a terminal."""

from __future__ import annotations

import sys

from nbalert.question import Decision
from nbalert.widgets.view import Asked, View


def view_of(asked: Asked) -> View:
    """The view of a question, not shown yet."""
    if _in_kernel():
        from nbalert.widgets.ask_status import AskStatus  # ipywidgets is paid for by the first ask

        return AskStatus(asked)
    return _Lines(asked)


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class _Lines:
    """The question in a terminal: a line when it is put, a line when it has ended."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def show(self) -> None:
        self._say(f"asked on {self._asked.channel}: {self._asked.question.text}")

    def close(self, decision: Decision) -> None:
        self._say(decision.sentence)

    def _say(self, text: str) -> None:
        print(f"nbalert: {text}", file=sys.stderr, flush=True)
