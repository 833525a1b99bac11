"""How much of a delivery's big requests has left, whatever its channel makes of it: the way out counts it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import httpx

BIG_BYTES = 256 * 1024
"""What is smaller is gone before anybody looks."""
PIECE_BYTES = 64 * 1024


@dataclass
class Upload:
    """Of one try of a delivery: bytes of its big requests so far, and how many of them have left."""

    size: int = 0
    sent: int = 0


_under_way: ContextVar[Upload | None] = ContextVar("nbalert_upload", default=None)


@contextmanager
def counting(upload: Upload) -> Iterator[None]:
    """Have the requests of the block, and of tasks that begin in it, counted."""
    token = _under_way.set(upload)
    try:
        yield
    finally:
        _under_way.reset(token)


def counted(request: httpx.Request) -> httpx.Request:
    """The request; where it is a big one of a delivery it is counted as it leaves."""
    upload = _under_way.get()
    length = request.headers.get("Content-Length", "")
    if upload and length.isdecimal() and int(length) >= BIG_BYTES:
        upload.size += int(length)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        request.stream = _Counted(request.stream, upload)
    return request


class _Counted(httpx.AsyncByteStream):
    """In pieces: each is written before the next is asked for, so that what was asked for has left."""

    def __init__(self, whole: httpx.AsyncByteStream, upload: Upload) -> None:
        self._whole, self._upload = whole, upload

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._whole:
            for start in range(0, len(chunk), PIECE_BYTES):
                piece = chunk[start : start + PIECE_BYTES]
                yield piece
                self._upload.sent += len(piece)

    async def aclose(self) -> None:
        await self._whole.aclose()
