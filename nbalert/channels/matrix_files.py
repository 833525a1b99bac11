"""Figures and long texts: first to the server's media, then as events of the room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbalert.channels.excerpts import Attachment
from nbalert.channels.matrix_api import MatrixApi
from nbalert.channels.matrix_errors import TooLarge
from nbalert.message import Image

SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""What clients show as a picture; others they offer as a file."""


@dataclass(frozen=True, slots=True)
class File:
    """One file."""

    name: str
    data: bytes
    mime: str = "text/plain; charset=utf-8"

    @classmethod
    def of_text(cls, text: Attachment) -> File:
        """A text."""
        return cls(text.name, text.text.encode("utf-8", "replace"))

    @classmethod
    def of_image(cls, image: Image) -> File:
        """A figure."""
        return cls(image.name, image.data, image.mime)


async def uploaded(api: MatrixApi, files: Iterable[File]) -> tuple[list[dict[str, Any]], list[str]]:
    """Contents of the events that show them, and names of those that are larger than the server takes.

    Raises:
        ChannelError: As `MatrixApi.upload`.
    """
    found, left_out = [], []
    for file in files:
        try:
            found.append(_content(file, await api.upload(file.data, file.mime, file.name)))
        except TooLarge:
            left_out.append(file.name)
    return found, left_out


def beside(content: dict[str, Any], event: str) -> dict[str, Any]:
    """The content as one that belongs to a message, and stands in the room as any other."""
    return {**content, "m.relates_to": {"rel_type": "m.reference", "event_id": event}}


def _content(file: File, url: str) -> dict[str, Any]:
    return {
        "msgtype": "m.image" if file.mime in SHOWN else "m.file",
        "body": file.name,
        "filename": file.name,
        "url": url,
        "info": {"mimetype": file.mime.partition(";")[0], "size": len(file.data)},
        "m.mentions": {},
    }
