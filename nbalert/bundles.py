"""One output of a cell, by MIME type: its text, its table, its picture."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from nbalert.figures import PLOTLY, undrawn
from nbalert.message import Image
from nbalert.tables import Redact, Table, read, words

Bundle = Mapping[str, Any]

IMAGES = {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg"}
IMAGE_BYTES = 8_000_000
"""A larger picture stays out of a chat: Discord takes 10 MiB, and the spool keeps it as base64."""
IMAGES_BYTES = 24_000_000
"""All of one message together."""


def table_of(bundle: Bundle, *redact: Redact) -> Table | None:
    """The table that it is; a frame, as pandas and polars show one, and any other of HTML.

    Args:
        redact: Leaves out of its cells what is secret.
    """
    html = bundle.get("text/html")
    return read(html, *redact) if isinstance(html, str) else None


def text_of(bundle: Bundle) -> str:
    """The best plain reading; the text of a figure (`<Figure size …>`) says nothing beside it."""
    if PLOTLY in bundle or (any(mime in bundle for mime in IMAGES) and "text/html" not in bundle):
        return ""
    plain = str(bundle.get("text/plain") or "")
    spoken = bundle.get("text/markdown")
    if not spoken and _is_of_no_use(plain):
        spoken = bundle.get("text/latex") or words(str(bundle.get("text/html") or ""))
    return str(spoken or plain)


def pictures(bundles: Iterable[Bundle]) -> tuple[list[Image], list[str]]:
    """Pictures in order, and a line for each that does not go along."""
    images, left_out, room = list[Image](), list[str](), IMAGES_BYTES
    for number, bundle in enumerate(bundles, start=1):
        found = _picture(bundle, f"figure-{number}")
        if isinstance(found, Image) and len(found.data) > min(IMAGE_BYTES, room):
            found = f"{found.name} is left out: {len(found.data) / 1e6:.1f} MB"
        if isinstance(found, Image):
            images.append(found)
            room -= len(found.data)
        elif found:
            left_out.append(found)
    return images, left_out


def _picture(bundle: Bundle, name: str) -> Image | str:
    """A picture, also one that is to be drawn; or in one line why there is none; or nothing."""
    mime = next((m for m in IMAGES if m in bundle), "")
    if not mime:
        return undrawn(bundle[PLOTLY], f"{name}.png") if PLOTLY in bundle else ""
    data, file = _bytes(bundle[mime], mime), f"{name}.{IMAGES[mime]}"
    return f"{file} is left out: it is no picture" if data is None else Image(data, mime, file)


def _is_of_no_use(plain: str) -> bool:
    """IPython's display objects, and those of others, have a text that only names their class."""
    return not plain or (plain.startswith("<") and plain.endswith(">") and "\n" not in plain)


def _bytes(data: object, mime: str) -> bytes | None:
    """The file; None where what an object gave for it is none."""
    try:
        return str(data).encode() if mime == "image/svg+xml" else base64.b64decode(data)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None
