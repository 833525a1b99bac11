"""A waiting cell is heard of once a minute, where a setting says so.

Some hubs end a kernel that has sent nothing for a while, busy or not. The update names a display that is
nowhere: pages and notebook files do not change, and the server counts the message as a sign of life.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

UPDATE_S = 60.0
HUB = "JUPYTERHUB_API_URL"
"""Source: https://jupyterhub.readthedocs.io/en/stable/reference/spawners.html (environment of a server)."""
NOWHERE = "nbalert-keep-alive"


@contextmanager
def heard_of(*, is_on: bool, every_s: float = UPDATE_S) -> Iterator[None]:
    """While the block runs, send an update from time to time.

    Args:
        is_on: What the setting `keep_alive` says.
        every_s: Seconds between two.
    """
    if not is_on or not _in_kernel():
        yield
        return
    ended = threading.Event()
    args = (ended, every_s)
    threading.Thread(target=_update, args=args, name="nbalert-keep-alive", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def warning(is_on: bool, environment: Mapping[str, str] = os.environ) -> str:
    """What to say of the setting where this kernel is a hub's; empty if nothing is to be said."""
    if is_on or not environment.get(HUB):
        return ""
    return (
        "this server belongs to a JupyterHub, which may end kernels that send nothing for a while, also"
        " where a cell waits for an answer: keep_alive = true in nbalert.toml sends an update once a minute"
    )


def _update(ended: threading.Event, every_s: float) -> None:
    from IPython import display

    update: Any = display.update_display

    while not ended.wait(every_s):
        update({"text/plain": ""}, raw=True, display_id=NOWHERE)


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
