"""What a cell run has to say: CellRun → Message."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbalert.endings import ending
from nbalert.message import Image, Message, Source
from nbalert.recording import CellRun

INTERACTIVE = "application/vnd.plotly.v1+json"
IMAGE_BYTES = 8_000_000
"""A larger picture stays out of a chat: Discord takes 10 MiB, and the spool keeps it as base64."""
IMAGES = {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg"}
TEXT_CHARS = 20_000
"""More of a result or a traceback than this is cut in the middle, with the number of characters said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What goes along, as the options of `%%alert` say.

    Args:
        mention: Ids of people to notify.
    """

    title: str = ""
    has_code: bool = True
    has_output: bool = True
    has_images: bool = True
    mention: tuple[str, ...] = ()


def cell_message(run: CellRun, parts: Parts, where: Source) -> Message:
    """The message of a cell run.

    Args:
        run: What happened.
        parts: What of it to say.
        where: Notebook, cell, host and user.
    """
    name = name_of(run) + (f" [{run.execution_count}]" if run.execution_count else "")
    title, level = ending(name, run.outcome, run.duration_s)
    images = list(_images(run)) if parts.has_images else []
    return Message(
        title=parts.title or title,
        text="\n".join(_too_large(images)),
        level=level,
        code=run.body.strip("\n") if parts.has_code else "",
        result=cut(_text(run.result)) if parts.has_output else "",
        error=f"{run.ename}: {run.evalue}".removesuffix(": ") if run.ename else "",
        traceback=cut(run.story),
        whole_traceback=run.traceback if run.traceback != run.story else "",
        output=_output(run) if parts.has_output else "",
        images=tuple(image for image in images if len(image.data) <= IMAGE_BYTES),
        duration_s=run.duration_s,
        alert=parts.title or name,
        mention=parts.mention,
        source=where,
    )


def name_of(run: CellRun) -> str:
    """What a title calls it: the notebook, where that is known."""
    return Path(run.notebook).stem if run.notebook else "Cell"


def cut(text: str, limit: int = TEXT_CHARS) -> str:
    """The text, or its head and tail with the number of characters left out."""
    if len(text) <= limit:
        return text
    head, tail = text[: limit // 2], text[-limit // 2 :]
    return f"{head}\n… {len(text) - limit:,} characters left out …\n{tail}"


def _text(bundle: Mapping[str, Any] | None) -> str:
    """The best plain reading; the text of a figure (`<Figure size …>`) says nothing beside it."""
    if not bundle or (any(mime in bundle for mime in IMAGES) and "text/html" not in bundle):
        return ""
    if INTERACTIVE in bundle:
        return 'an interactive figure of plotly: a picture goes along where its renderer is "png"'
    plain = str(bundle.get("text/plain") or "")
    spoken = bundle.get("text/markdown") or (bundle.get("text/latex") if _is_of_no_use(plain) else "")
    return str(spoken or plain)


def _is_of_no_use(plain: str) -> bool:
    """IPython's display objects have a text that only names their class."""
    return plain.startswith("<IPython.core.display.") or not plain


def _output(run: CellRun) -> str:
    shown = (_text(bundle) for bundle in run.displayed)
    return "\n".join(part.rstrip("\n") for part in (run.stdout, run.stderr, *shown) if part.strip())


def _images(run: CellRun) -> Iterator[Image]:
    bundles = [*run.displayed, *([run.result] if run.result else [])]
    for number, bundle in enumerate(bundles, start=1):
        mime = next((m for m in IMAGES if m in bundle), None)
        if mime:
            yield Image(_bytes(bundle[mime], mime), mime, f"figure-{number}.{IMAGES[mime]}")


def _too_large(images: Iterable[Image]) -> Iterator[str]:
    for image in images:
        if len(image.data) > IMAGE_BYTES:
            yield f"{image.name} is left out: {len(image.data) / 1e6:.1f} MB"


def _bytes(data: str, mime: str) -> bytes:
    return data.encode() if mime == "image/svg+xml" else base64.b64decode(data)
