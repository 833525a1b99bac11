"""Requests whose answers take a while: the line goes on meanwhile, and whoever has left is not answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from nbalert.line import Frame, Peer

log = logging.getLogger(__name__)


class Later:
    """The answers that are being worked out, by whom they are for."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Task[None], Peer] = {}

    def answer(self, peer: Peer, request: Any, value: Coroutine[Any, Any, Any]) -> None:
        """Answer a request once its value is there.

        Args:
            request: Its id.
            value: Worked out as a task.
        """
        task = asyncio.ensure_future(_answer(peer, request, value))
        self._open[task] = peer
        task.add_done_callback(lambda done: self._open.pop(done, None))

    def leave(self, peer: Peer) -> None:
        """A line has ended: nobody waits for its answers."""
        for task, one in list(self._open.items()):
            if one is peer:
                task.cancel()

    async def aclose(self) -> None:
        """Stop all."""
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(peer: Peer, request: Any, value: Coroutine[Any, Any, Any]) -> None:
    frame: Frame = {"event": "answer", "re": request}
    try:
        peer.send({**frame, "value": await value})
    except Exception as error:  # who asks shall hear of it, and not wait until the time is up
        log.exception("a request failed")
        peer.send({**frame, "error": f"{type(error).__name__}: {error}"})
