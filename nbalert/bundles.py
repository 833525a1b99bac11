"""One output of a cell, by MIME type: its text, its table, its picture."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from nbalert.message import Image
from nbalert.tables import Redact, Table, read, words

Bundle = Mapping[str, Any]

INTERACTIVE = "application/vnd.plotly.v1+json"
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
    if any(mime in bundle for mime in IMAGES) and "text/html" not in bundle:
        return ""
    if INTERACTIVE in bundle:
        return 'an interactive figure of plotly: a picture goes along where its renderer is "png"'
    plain = str(bundle.get("text/plain") or "")
    spoken = bundle.get("text/markdown")
    if not spoken and _is_of_no_use(plain):
        spoken = bundle.get("text/latex") or words(str(bundle.get("text/html") or ""))
    return str(spoken or plain)


def pictures(bundles: Iterable[Bundle]) -> tuple[list[Image], list[str]]:
    """Pictures in order, and a line for each that does not go along."""
    images, left_out, room = list[Image](), list[str](), IMAGES_BYTES
    for number, bundle in enumerate(bundles, start=1):
        mime = next((m for m in IMAGES if m in bundle), None)
        if mime is None:
            continue
        name = f"figure-{number}.{IMAGES[mime]}"
        data = _bytes(bundle[mime], mime)
        if data is None:
            left_out.append(f"{name} is left out: it is no picture")
        elif len(data) > min(IMAGE_BYTES, room):
            left_out.append(f"{name} is left out: {len(data) / 1e6:.1f} MB")
        else:
            images.append(Image(data, mime, name))
            room -= len(data)
    return images, left_out


def _is_of_no_use(plain: str) -> bool:
    """IPython's display objects, and those of others, have a text that only names their class."""
    return not plain or (plain.startswith("<") and plain.endswith(">") and "\n" not in plain)


def _bytes(data: object, mime: str) -> bytes | None:
    """The file; None where what an object gave for it is none."""
    try:
        return str(data).encode() if mime == "image/svg+xml" else base64.b64decode(data)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None
