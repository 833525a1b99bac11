"""What a notebook shows. `view_of` picks what can be shown: a widget in a kernel, lines in a terminal."""

from __future__ import annotations

import os
import sys

from nbalert.widgets.lines import Lines
from nbalert.widgets.view import Asked, View


def view_of(asked: Asked) -> View:
    """The view of a question, not shown yet."""
    if in_kernel():
        from nbalert.widgets.ask_status import AskStatus  # ipywidgets is paid for by the first ask

        return AskStatus(asked)
    return Lines(asked)


def is_before_somebody() -> bool:
    """Whether somebody looks at the notebook: papermill and its like have no session, nor has Voilà."""
    is_dashboard = os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
    return in_kernel() and ("JPY_SESSION_NAME" in os.environ or is_dashboard)


def in_kernel() -> bool:
    """Whether a kernel shows what is displayed, which can have widgets: a terminal has text alone."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
