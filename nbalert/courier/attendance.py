"""Who is on the line: every process of the user that alerts or asks, and when it went."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbalert.line import Frame, Peer

REMEMBERED_S = 3600.0


@dataclass(eq=False)
class Presence:
    """One process on the line.

    Args:
        origin: Names it over reconnections.
        pid: As it is seen from here, or else as it calls itself.
        is_seen: Whether the pid is one of those that can be looked at from here.
        runs: Its alerted cells that run, by id of the run.
        has_left: It has said goodbye.
    """

    peer: Peer
    origin: str
    pid: int
    notebook: str
    project: str
    since: float = field(default_factory=time.time)
    runs: dict[str, Frame] = field(default_factory=dict)
    has_left: bool = False
    is_seen: bool = True


OWN = ""
"""The origin of what the courier itself has to say: it has nothing to bring."""


class Attendance:
    """The processes on the line, and since when each that is not there is away."""

    def __init__(self) -> None:
        self._present: dict[str, Presence] = {}
        self._away_since: dict[str, float] = {}
        self._introduced: dict[str, str] = {}
        self._ended: set[str] = set()

    def __iter__(self) -> Iterator[Presence]:
        return iter(list(self._present.values()))

    def of(self, origin: str) -> Presence | None:
        """That process, if it is there."""
        return self._present.get(origin)

    def enter(self, presence: Presence) -> None:
        """Somebody is there; a second connection of the same process takes the place of the first."""
        presence.project = presence.project or self._introduced.get(presence.origin, "")
        self._present[presence.origin] = presence
        self._away_since.pop(presence.origin, None)
        self._ended.discard(presence.origin)

    def leave(self, presence: Presence) -> None:
        """A connection has ended."""
        if self._present.get(presence.origin) is presence:
            del self._present[presence.origin]
            if presence.has_left:
                self._ended.add(presence.origin)
            now = time.monotonic()
            # Who is forgotten is counted anew from when it is next asked about.
            recent = {o: since for o, since in self._away_since.items() if now - since < REMEMBERED_S}
            self._away_since = {**recent, presence.origin: now}

    def introduce(self, presence: Presence) -> None:
        """It has brought its project's settings; that is remembered when it has gone."""
        self._introduced[presence.origin] = presence.project

    def has_introduced(self, origin: str) -> bool:
        """Whether that process has ever brought its settings here."""
        return origin in self._introduced or origin == OWN

    def has_ended(self, origin: str) -> bool:
        """Whether that process has said goodbye, and left."""
        return origin in self._ended

    def away_s(self, origin: str) -> float:
        """Seconds since that process was on the line, 0 if it is.

        One that was never there is away since it was first asked about: what it wrote to the spool may be
        read before it has greeted.
        """
        if origin in self._present:
            return 0.0
        now = time.monotonic()
        return now - self._away_since.setdefault(origin, now)

    def tell(self, origin: str, frame: Frame) -> None:
        """Send to a process if it is there; one that is not asks for what it missed when it comes back."""
        if found := self._present.get(origin):
            found.peer.send(frame)
