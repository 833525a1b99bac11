"""Ends the courier of a home, for whoever has no line to it."""

from __future__ import annotations

import os
import threading
from uuid import uuid4

from nbalert import __version__
from nbalert.courier import lifecycle
from nbalert.home import Home
from nbalert.line import PROTOCOL, Line


def stop_courier(home: Home) -> str:
    """End the courier of a home, without starting one, and wait until it is gone.

    Returns:
        One line that says what has happened.

    Raises:
        CourierError: The socket belongs to another user, or the courier does not end.
    """
    mode = lifecycle.end(home, lambda: _dismiss(home)) if home.root.is_dir() else ""
    if not mode:
        return "no courier runs"
    if mode == "inline":
        return "the courier runs inside a kernel, and ends with it; see nbalert status"
    return "the courier has ended"


def _dismiss(home: Home) -> str:
    """Tell the courier to end, if there is one; its mode."""
    try:
        line = Line.connect(home.socket)
    except OSError:
        return ""
    patience = threading.Timer(lifecycle.END_S, line.close)
    patience.start()
    hello = {"do": "hello", "protocol": PROTOCOL, "version": __version__, "origin": uuid4().hex}
    try:
        line.send({**hello, "pid": os.getpid(), "notebook": "", "messages": [], "questions": [], "runs": {}})
        line.send({"do": "bye"})
        line.send({"do": "stop", "id": 1})
        answers = (frame["value"] for frame in line.frames() if frame.get("event") == "answer")
        return str(next(answers, "detached"))
    except OSError:  # it is ending anyway
        return "detached"
    finally:
        patience.cancel()
        line.close()
