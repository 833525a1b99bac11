"""What a notebook shows. `view_of` picks what can be shown: a widget in a kernel, lines in a terminal."""

from __future__ import annotations

from nbalert.widgets.lines import Lines
from nbalert.widgets.view import Asked, View
from nbalert.widgets.where import in_kernel


def view_of(asked: Asked) -> View:
    """The view of a question, not shown yet."""
    if in_kernel():
        from nbalert.widgets.ask_status import AskStatus  # ipywidgets is paid for by the first ask

        return AskStatus(asked)
    return Lines(asked)
