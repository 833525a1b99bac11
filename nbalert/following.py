"""Shows how far deliveries are that are waited for: how many have ended, how much of a big one has left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from nbalert.errors import CourierError
from nbalert.message import Receipt
from nbalert.meter import SILENT_S, Meter

LOOK_S = 0.2
ANSWER_S = 1.0
"""How long the courier is given to say how far it is."""

Request = Callable[[dict[str, Any], float], Any]
"""Asks the courier: a frame, and for how many seconds."""


class Following:
    """Follows the deliveries of messages. Use as a context manager.

    Args:
        messages: Their ids.
        is_ending: Whether this process ends.
    """

    def __init__(self, request: Request, messages: Sequence[str], *, is_ending: bool = False) -> None:
        self._request, self._messages = request, list(messages)
        self._meter = Meter(is_ending=is_ending)

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *exc: object) -> None:
        self._meter.__exit__(*exc)

    @property
    def can_show(self) -> bool:
        """Whether anybody would see it."""
        return self._meter.can_show

    def look(self) -> None:
        """Show how far they are, if that is due. Nothing is asked where nobody would see it."""
        if self._meter.is_due and self._messages and (rows := self.rows()):
            self._meter.show(*_said(rows))

    def rows(self) -> list[dict[str, Any]]:
        """Of each delivery `seq`, `channel`, `state`, `attempts`, bytes `sent` of `size`; none if unknown."""
        try:
            return list(self._request({"do": "way", "messages": self._messages}, ANSWER_S))
        except CourierError:  # an older one does not know, and another may be starting
            return []


def wait(
    request: Request, message: str, receipts: Future[list[Receipt]], timeout_s: float | None
) -> list[Receipt]:
    """The receipts of a message once it has arrived; how far it is shows meanwhile.

    Raises:
        TimeoutError: The time is up.
        Exception: What became of it instead.
    """
    end_s = None if timeout_s is None else time.monotonic() + timeout_s
    with Following(request, [message]) as following:
        if not following.can_show:
            return receipts.result(timeout_s)
        pause_s = SILENT_S
        while not receipts.done() and (end_s is None or time.monotonic() < end_s):
            left_s = pause_s if end_s is None else min(pause_s, max(0.0, end_s - time.monotonic()))
            try:
                return receipts.result(left_s)
            except TimeoutError:
                following.look()
                pause_s = LOOK_S
        return receipts.result(0.0)


def until_tried(request: Request, messages: Sequence[str], begin: Callable[[], None], limit_s: float) -> str:
    """Begin to send again, and show how far that is until all has ended, or its channel has failed once more.

    Args:
        limit_s: The longest wait, in seconds.

    Returns:
        How many have arrived; empty where nobody would see it, and nothing is waited for.
    """
    with Following(request, messages) as following:
        before = {row["seq"]: row["attempts"] for row in following.rows()} if following.can_show else {}
        begin()
        if not before:
            return ""
        end_s = time.monotonic() + limit_s
        while _is_under_way(rows := following.rows(), before) and time.monotonic() < end_s:
            following.look()
            time.sleep(LOOK_S)
    arrived = sum(row["state"] == "delivered" for row in rows)
    others = "; of the others nbalert status tells" if arrived < len(rows) else ""
    return f"{arrived} of {len(rows)} delivered{others}"


def _is_under_way(rows: Sequence[dict[str, Any]], before: Mapping[int, int]) -> bool:
    """Whether something is still to be tried: on a channel nothing is that stands behind what has failed."""
    waiting = [row for row in rows if row["state"] == "waiting"]
    failed = {row["channel"] for row in waiting if row["attempts"] > before.get(row["seq"], 0)}
    return not {row["channel"] for row in waiting} <= failed


def _said(rows: Sequence[dict[str, Any]]) -> tuple[float, str]:
    """How much of all is done, from 0 to 1, and in words."""
    open_ = [row for row in rows if row["state"] == "waiting"]
    done = len(rows) - len(open_)
    sent = (row["sent"] / row["size"] for row in open_ if row["size"])
    arrived = sum(row["state"] == "delivered" for row in rows)
    words = [f"{arrived} of {len(rows)} delivered", *_uploads(open_)]
    return (done + sum(sent)) / len(rows), ", ".join(words)


def _uploads(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"{row['channel']}: {row['sent'] / 1e6:.1f} of {row['size'] / 1e6:.1f} MB"
        for row in rows
        if row["size"]
    ]
