"""Who waits to hear what has become of messages that this process has accepted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from nbalert.errors import ChannelDenied, ChannelRefused
from nbalert.message import Receipt


class Receipts:
    """A future for each message, until its courier tells how it ended. From any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._futures: dict[str, Future[list[Receipt]]] = {}

    def accept(self, put: Callable[[], str], *, is_told: bool) -> tuple[str, Future[list[Receipt]]]:
        """Accept a message; its id, and what becomes of it.

        Args:
            put: Puts it on disk; returns its id.
            is_told: Whether anybody is to hear of it.

        Raises:
            OSError: It could not be written.
        """
        future: Future[list[Receipt]] = Future()
        with self._guard:  # the courier may settle it before it is noted here
            id_ = put()
            if is_told:
                self._futures[id_] = future
        return id_, future

    @property
    def open(self) -> list[str]:
        """Ids of messages of which nothing was heard yet."""
        with self._guard:
            return list(self._futures)

    def settle(self, frame: Mapping[str, Any]) -> None:
        """All deliveries of a message have ended."""
        if (future := self._take(frame["message"])) is None:
            return
        if frame["errors"]:
            future.set_exception(ChannelRefused("; ".join(frame["errors"])))
        else:
            future.set_result([Receipt.from_json(receipt) for receipt in frame["receipts"]])

    def keep(self, frame: Mapping[str, Any]) -> None:
        """A message stays with the courier; whoever waits for it hears that it needs a hand."""
        if future := self._take(frame["message"]):
            reason = f"{frame['reason']}; it is kept, and sent once that is mended"
            future.set_exception(ChannelDenied(reason))

    def _take(self, message: str) -> Future[list[Receipt]] | None:
        """Whoever waits for a message, once: from then on it is of no more interest here."""
        with self._guard:
            return self._futures.pop(message, None)
