"""What a notebook shows. `view_of` picks what can be shown: a widget in a kernel, lines in a terminal."""

from __future__ import annotations

import os
import sys

from nbalert.widgets.lines import Lines
from nbalert.widgets.view import Asked, View


def view_of(asked: Asked) -> View:
    """The view of a question, not shown yet."""
    if _in_kernel():
        from nbalert.widgets.ask_status import AskStatus  # ipywidgets is paid for by the first ask

        return AskStatus(asked)
    return Lines(asked)


def is_before_somebody() -> bool:
    """Whether a notebook is open in a front end: papermill and its like have no session."""
    return _in_kernel() and "JPY_SESSION_NAME" in os.environ


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
