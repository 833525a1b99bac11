"""Stands before a real HTTP server: passes on what comes, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import replace
from typing import Any

import httpx

from tests.chat_servers.webhook import Answer, Request, Webhook

_OWN = {"connection", "content-length", "host", "transfer-encoding", "content-encoding", "date"}
_LONGEST_S = 60.0


class Passing(Webhook):
    """The proxy. Use as a context manager.

    Args:
        url: Of the server behind.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._behind = httpx.AsyncClient(base_url=url, trust_env=False, timeout=_LONGEST_S)
        self.under_way: list[str] = []
        """Method and path of what has no answer yet."""
        self._faults: list[tuple[re.Pattern[str], deque[Answer]]] = []

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._behind.aclose(), self._loop).result(10)
        super().__exit__(*exc)

    @property
    def origin(self) -> str:
        """Where it listens."""
        return self.url.rpartition("/")[0]

    def fail(self, what: str, *answers: Answer) -> None:
        """What to do with the next requests of a kind, one each.

        Args:
            what: A pattern, searched for in method and path: `PUT .*/send/`.
        """
        self._faults.append((re.compile(what), deque(answers)))

    async def _take(self, request: Request, reader: asyncio.StreamReader) -> Answer:
        """Of a fault, or of the server behind; a request whose sender has gone is given up there, too."""
        for pattern, answers in self._faults:
            if answers and pattern.search(f"{request.method} {request.path}"):
                answer = answers.popleft()
                if answer.mischief != "lost":
                    return answer
                return replace(await self._passed(request), mischief="lost")
        self.under_way.append(f"{request.method} {request.path}")
        passed = asyncio.ensure_future(self._passed(request))
        gone = asyncio.ensure_future(reader.read(1))  # nobody sends more before there is an answer
        try:
            await asyncio.wait({passed, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (passed, gone):
                task.cancel()
            await asyncio.gather(passed, gone, return_exceptions=True)
            self.under_way.remove(f"{request.method} {request.path}")
        if passed.cancelled():
            raise ConnectionResetError
        return passed.result()

    async def _passed(self, request: Request) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name not in _OWN}
        options: dict[str, Any] = {"headers": headers, "content": request.body}
        try:
            answer = await self._behind.request(request.method, request.path, **options)
        except httpx.TransportError:  # it is away
            raise ConnectionResetError from None
        kept = tuple((name, value) for name, value in answer.headers.items() if name.lower() not in _OWN)
        return Answer(answer.status_code, kept, answer.content)
