from __future__ import annotations

import time
from typing import Any, cast

from nbalert.courier.attendance import Attendance, Presence


class Peer:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, frame: dict[str, Any]) -> None:
        """Keep it."""
        self.sent.append(frame)


def presence(origin: str, peer: Peer | None = None) -> Presence:
    """A process on the line."""
    return Presence(peer=cast(Any, peer or Peer()), origin=origin, pid=1, notebook="", project="p")


def test_who_is_there() -> None:
    """Somebody who enters is there, and hears; who has left does not."""
    attendance, peer = Attendance(), Peer()
    one = presence("a", peer)
    attendance.enter(one)
    attendance.tell("a", {"n": 1})
    attendance.tell("b", {"n": 2})
    assert (list(attendance), attendance.away_s("a")) == ([one], 0.0)
    attendance.leave(one)
    attendance.tell("a", {"n": 3})
    assert (list(attendance), peer.sent) == ([], [{"n": 1}])
    assert attendance.away_s("a") > 0


def test_who_is_not_known_yet_may_still_come() -> None:
    """A question may be read from the spool before its asker has greeted, however long the courier runs."""
    attendance = Attendance()
    time.sleep(0.02)
    assert attendance.away_s("a") == 0
    time.sleep(0.02)
    assert attendance.away_s("a") >= 0.02
    one = presence("a")
    attendance.enter(one)
    attendance.leave(one)
    assert attendance.away_s("a") < 0.02


def test_a_second_connection_takes_the_place_of_the_first() -> None:
    """When the first one ends later, the process is still there."""
    attendance = Attendance()
    old, new = presence("a"), presence("a")
    attendance.enter(old)
    attendance.enter(new)
    attendance.leave(old)
    assert (list(attendance), attendance.away_s("a")) == ([new], 0.0)
