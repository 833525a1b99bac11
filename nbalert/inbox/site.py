"""What the handlers of one server share: archive, people, rules, and the seats of those who listen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Protocol

from nbalert.inbox.archive import Archive
from nbalert.inbox.guard import Guard
from nbalert.inbox.people import Brake, People

SEATS = 256
SEATS_EACH = 24
"""Of one owner. Behind jupyter-server-proxy a closed page keeps its seat for up to two hours."""


@dataclass(eq=False, slots=True)
class Seat:
    """One open stream."""

    owner: str
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False
    is_displaced: bool = False


class Seats:
    """Everybody who listens. `ring` costs one flag each: they look for themselves."""

    def __init__(self) -> None:
        self._taken: list[Seat] = []

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, owner: str) -> Seat | None:
        """A seat; where the owner has too many their oldest is given up. None if the house is full."""
        own = [seat for seat in self._taken if seat.owner == owner and not seat.is_over]
        if len(own) >= SEATS_EACH:
            self._end(own[0], is_displaced=True)
        elif len(self._taken) >= SEATS:
            return None
        self._taken.append(Seat(owner))
        return self._taken[-1]

    def leave(self, seat: Seat) -> None:
        """Give a seat back."""
        self._taken.remove(seat)

    def ring(self) -> None:
        """Something changed."""
        for seat in self._taken:
            seat.wake.set()

    async def end(self, wait_s: float) -> None:
        """End all streams, and wait until they have."""
        for seat in self._taken:
            self._end(seat)
        for _ in range(int(wait_s / 0.01)):
            if not self._taken:
                return
            await asyncio.sleep(0.01)

    def _end(self, seat: Seat, *, is_displaced: bool = False) -> None:
        seat.is_over, seat.is_displaced = True, is_displaced
        seat.wake.set()


class Silencing(Protocol):
    """What keeps silences: the courier that serves the inbox."""

    def begin(self, for_s: float, what: str, glob: str = "") -> dict[str, Any]:
        """Silence what matches from now on."""

    def end(self) -> int:
        """End all of them; how many."""

    def active(self) -> list[dict[str, Any]]:
        """Those of now, with `rule`, `until` and `count`."""


@dataclass(slots=True)
class Site:
    """One server's parts.

    Args:
        url: Where people reach it.
        owner: Whose inbox it is: they invite others.
        cookie: Name of the session's cookie: all ports of a host share their cookies.
        heartbeat_s: A stream that has nothing to say says so this often.
        send_timeout_s: A client that has not read what it was sent for so long is let go.
        is_damaged: Whether SQLite has found the file damaged.
        silences: Of the courier that serves it; None where none does.
    """

    archive: Archive
    people: People
    guard: Guard
    url: str
    owner: str
    cookie: str
    seats: Seats = field(default_factory=Seats)
    brake: Brake = field(default_factory=Brake)
    heartbeat_s: float = 15.0
    send_timeout_s: float = 20.0
    is_damaged: bool = False
    silences: Silencing | None = None
