"""What one request to Discord carries: embeds and files, dealt out over as many messages as they need.

Source: Discord, "Message" and "API" references, 2026-08-06: 10 embeds and 6,000 characters over all of them a
message, 10 files of 10 MiB each, 25 MiB a request, 25 characters a nonce.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from nbalert.channels.discord_text import units

EMBEDS, TOTAL = 10, 6000
FILE_BYTES = 10 * 2**20
FILES_BYTES = 24 * 2**20
"""All files of a request: a little below its limit, for the text goes along."""
NONCE = 25


@dataclass(frozen=True, slots=True)
class File:
    """What goes along beside the text. Its name is told from all others of its message."""

    name: str
    data: bytes
    mime: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Block:
    """An embed, the file that it shows, or both: they go into one message."""

    embed: Mapping[str, Any] | None = None
    file: File | None = None

    @property
    def chars(self) -> int:
        """As the service adds them up."""
        embed = self.embed or {}
        texts = [
            embed.get("title", ""),
            embed.get("description", ""),
            embed.get("footer", {}).get("text", ""),
        ]
        texts += [text for one in embed.get("fields", ()) for text in (one["name"], one["value"])]
        return sum(map(units, texts))

    @property
    def file_bytes(self) -> int:
        """Of its file."""
        return len(self.file.data) if self.file else 0


@dataclass(frozen=True, slots=True)
class Part:
    """One message of Discord's.

    Args:
        fields: `embeds`, `components` and others, as the service names them.
        files: Sent along, numbered in this order.
    """

    fields: Mapping[str, Any]
    files: tuple[File, ...] = ()

    def request(self, **more: Any) -> dict[str, Any]:
        """Options of an HTTP request: JSON, or a form where files go along."""
        body = {**more, **self.fields}
        if not self.files:
            return {"json": body}
        body["attachments"] = [{"id": n, "filename": file.name} for n, file in enumerate(self.files)]
        files = [(f"files[{n}]", (file.name, file.data, file.mime)) for n, file in enumerate(self.files)]
        return {"data": {"payload_json": json.dumps(body)}, "files": files}


def packed(blocks: Iterable[Block]) -> list[Part]:
    """Blocks dealt out, in order, over as few messages as the limits allow."""
    return [_part(group) for group in _grouped(blocks)]


def _grouped(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    group: list[Block] = []
    for block in blocks:
        together = [*group, block]
        if group and (
            len(together) > EMBEDS
            or sum(one.chars for one in together) > TOTAL
            or sum(one.file_bytes for one in together) > FILES_BYTES
        ):
            yield group
            together = [block]
        group = together
    yield group


def _part(blocks: list[Block]) -> Part:
    embeds = [dict(block.embed) for block in blocks if block.embed]
    return Part({"embeds": embeds}, tuple(block.file for block in blocks if block.file))


def nonce(key: str, number: int = 0) -> str:
    """The service's idempotency key of one part of a delivery: the same for every try."""
    return sha256(f"{key}/{number}".encode()).hexdigest()[:NONCE]
