"""Interactive figures: what a cell leaves of one, for the courier to have a picture drawn of it.

Drawing takes kaleido a browser and seconds. A cell's thread only writes the figure down; the courier asks the
Python of that very kernel, in a process of its own, right before the message leaves.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec

from nbalert.message import Image

PLOTLY = "application/vnd.plotly.v1+json"
UNDRAWN = "application/vnd.nbalert.undrawn+json"
"""MIME type of an image that is still to be drawn: no channel ever gets one."""
FIGURE_BYTES = 8_000_000
HOW = "a picture of it goes along where kaleido and Chrome or Chromium are installed: pip install kaleido"


def undrawn(figure: object, name: str) -> Image | str:
    """A figure of plotly as a picture to be drawn, or in one line why there will be none.

    Args:
        figure: What it shows itself as, of the type `PLOTLY`.
        name: Of the picture.
    """
    if find_spec("kaleido") is None:
        return f"{name} is an interactive figure; {HOW}"
    order = {"python": sys.executable, "browser": os.environ.get("BROWSER_PATH", ""), "figure": figure}
    try:
        data = json.dumps(order).encode()
    except (TypeError, ValueError, RecursionError):
        return f"{name} is left out: it is no figure"
    if len(data) > FIGURE_BYTES:
        return f"{name} is left out: its data has {len(data) / 1e6:.1f} MB"
    return Image(data, UNDRAWN, name)
