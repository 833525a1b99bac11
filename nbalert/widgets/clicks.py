"""Buttons whose click counts after what was typed before it.

A page sends in order, and a kernel may handle out of order: ipykernel 7 serves one widget on the main shell
and another on a subshell, each a thread of its own, and a widget may change from one to the other with each
of its messages. Where Python is slow for a while, a click can overtake the text that was typed before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import ipywidgets

TURNS, TURN_S = 10, 0.02
"""Turns, not one wait as long: each lets the other threads run, also after a standstill of all of them."""


def button(label: str, icon: str, action: Callable[[], None], *, style: str = "") -> Any:
    """A button that is off while its action runs, on a thread of its own.

    Args:
        action: Raises nothing.
    """
    made = ipywidgets.Button(description=label, icon=icon, button_style=style)

    def run() -> None:
        try:
            for _ in range(TURNS):
                time.sleep(TURN_S)
            action()
        finally:
            made.disabled = False

    def start(_: Any) -> None:
        made.disabled = True
        threading.Thread(target=run, name=f"nbalert-{icon}", daemon=True).start()

    made.on_click(start)
    return made
