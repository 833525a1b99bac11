"""A question that is open, as the process sees it that has asked: its decision to come, and what is heard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError

from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.question import Decision


class Pending:
    """A question that this process waits for.

    Args:
        id: The question's.
    """

    def __init__(self, id: str) -> None:  # noqa: A002 - what it is
        self.id = id
        self.decided: Future[Decision] = Future()
        self._guard = threading.Lock()
        self._listeners: list[Callable[[Receipt | Reply], None]] = []
        self._heard: list[Receipt | Reply] = []

    def listen(self, listener: Callable[[Receipt | Reply], None]) -> None:
        """Be called, on any thread, with the receipt and each answer; also with those that came already."""
        with self._guard:
            self._listeners.append(listener)
            heard = list(self._heard)
        for one in heard:
            listener(one)

    def hear(self, one: Receipt | Reply) -> None:
        """Something came."""
        with self._guard:
            self._heard.append(one)
            listeners = list(self._listeners)
        for listener in listeners:
            listener(one)

    def hear_all(self, several: Iterable[Receipt | Reply]) -> None:
        """Several came, in this order."""
        for one in several:
            self.hear(one)

    def decide(self, decision: Decision) -> bool:
        """Set the decision; false if there is one already: the first one stays."""
        try:
            self.decided.set_result(decision)
        except InvalidStateError:
            return False
        return True
