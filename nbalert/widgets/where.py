"""Where a notebook is shown: what can be displayed there, and whether anybody looks."""

from __future__ import annotations

import os
import sys


def is_before_somebody() -> bool:
    """Whether somebody looks at the notebook: papermill and its like have no session, nor has Voilà."""
    return in_kernel() and ("JPY_SESSION_NAME" in os.environ or is_dashboard())


def is_dashboard() -> bool:
    """Whether Voilà shows the notebook: it draws each output once, and afterwards only widgets change."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


def in_kernel() -> bool:
    """Whether a kernel shows what is displayed, which can have widgets: a terminal has text alone."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
