"""How a program of this folder that asks is driven: a line of standard input is a question."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable


def serve(ask: Callable[[str], object]) -> None:
    """Ask each; when whoever asked could go on, and whether it was approved."""
    print("0", flush=True)
    for line in sys.stdin:
        is_approved = bool(ask(json.loads(line)))
        print(json.dumps([time.monotonic(), is_approved]), flush=True)
