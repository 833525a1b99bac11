"""Kernels that die: noticed at once, told in chat, their questions cancelled.

A process that ends says goodbye first. One that is gone without it has died: killed, out of memory, or
crashed. The end of its line tells, and where a forked worker keeps that open, its pidfd (Linux). Before it
is told, the line is read to its end: a cell that had just begun may stand there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from nbalert.courier.attendance import Presence
from nbalert.durations import show_duration
from nbalert.message import Level, Message, Source

CGROUPS = Path("/sys/fs/cgroup")
LAST_WORDS_S = 1.0
"""How long the line of a process that died is read on, where something that it has started holds it open."""


@dataclass(frozen=True, slots=True)
class Death:
    """A process that died, and the messages that say so: entries as the spool holds them."""

    presence: Presence
    entries: tuple[tuple[str, dict[str, Any]], ...]


@dataclass(slots=True)
class _Watched:
    """One process; `is_heard` once its line was read to the end."""

    presence: Presence
    handle: int | None
    events: Path | None
    kills: int
    is_heard: bool = False


class Deaths:
    """Watches processes on the line.

    Args:
        on_death: Called once a process, on the loop.
        cgroups: Where the system shows its control groups.
    """

    def __init__(self, on_death: Callable[[Death], None], cgroups: Path = CGROUPS) -> None:
        self._on_death = on_death
        self._cgroups = cgroups
        self._watched: dict[str, _Watched] = {}

    def watch(self, presence: Presence) -> None:
        """Look after a process that has said hello; what it says on a new line counts from then on."""
        if known := self._watched.get(presence.origin):
            known.presence, known.is_heard = presence, False
            return
        events = _memory_events(presence.pid, self._cgroups) if presence.is_seen else None
        handle = _pidfd(presence.pid) if presence.is_seen else None
        watched = _Watched(presence, handle, events, _kills(events))
        self._watched[presence.origin] = watched
        if handle is not None:
            asyncio.get_running_loop().add_reader(handle, self._exited, watched)

    def leave(self, presence: Presence) -> None:
        """A line has ended: if its process is gone, it has died, or said goodbye."""
        watched = self._watched.get(presence.origin)
        if watched is None or watched.presence is not presence:
            return
        watched.is_heard = True
        # Of one that cannot be seen nobody knows: it is given up when it does not come back.
        if presence.is_seen and not _lives(presence.pid, watched.handle):
            self._end(watched)

    def _exited(self, watched: _Watched) -> None:
        """Its pidfd says that it is gone; what it said last may stand on the line still."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(cast(int, watched.handle))
        if watched.is_heard:
            self._end(watched)
        else:
            loop.call_later(LAST_WORDS_S, self._end, watched)

    def give_up(self, is_gone: Callable[[str], bool]) -> None:
        """Take those for dead that are gone from the line for good, where no pidfd tells.

        A pid does not: it is there until the parent has asked for it, and may be another process's by then.
        """
        for origin, watched in list(self._watched.items()):
            if watched.handle is None and is_gone(origin):
                self._end(watched)

    def _end(self, watched: _Watched) -> None:
        presence = watched.presence
        if self._watched.get(presence.origin) is not watched:
            return  # its line has told first, or nobody is watched any more
        del self._watched[presence.origin]
        self._forget(watched.handle)
        if not presence.has_left:
            self._on_death(_death(presence, is_out_of_memory=_kills(watched.events) > watched.kills))

    def close(self) -> None:
        """Watch nobody any more."""
        for watched in self._watched.values():
            self._forget(watched.handle)
        self._watched.clear()

    def _forget(self, handle: int | None) -> None:
        if handle is not None:
            asyncio.get_running_loop().remove_reader(handle)
            os.close(handle)


def _death(presence: Presence, *, is_out_of_memory: bool) -> Death:
    return Death(presence, tuple(_entry(presence, *run, is_out_of_memory) for run in presence.runs.items()))


def _entry(
    presence: Presence, id_: str, run: dict[str, Any], is_out_of_memory: bool
) -> tuple[str, dict[str, Any]]:
    """The message of one cell that ran when its kernel died."""
    ran_s = time.time() - float(run["started_at"])
    why = (
        "the system killed a process of its control group for want of memory at that time"
        if is_out_of_memory
        else "killed or crashed; nothing tells of a lack of memory"
    )
    who = run.get("who", "kernel")
    message = Message(
        title=f"{run['title']}: the {who} died after {show_duration(ran_s)}",
        text=f"The {who} (pid {presence.pid}) is gone: {why}.",
        level=Level.CRITICAL,
        code=run["code"],
        output=run["output"],
        duration_s=ran_s,
        alert=run["title"],
        topic=run.get("topic", ""),
        mention=tuple(run.get("mention", ())),
        source=Source.from_json(run["source"]),
    )
    data = {
        "kind": "message",
        "origin": presence.origin,
        "project": presence.project,
        "channels": run["channels"],
        "message": message.to_json(),
        "run": id_ if run.get("every_s") else "",
    }
    return f"{time.time_ns():020d}-died-{uuid4().hex[:12]}", data


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # not on macOS; gone already
        return None


def _lives(pid: int, handle: int | None) -> bool:
    """Whether the process is there still; a pid alone may belong to another one by now."""
    if handle is not None:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return not poll.poll(0)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # somebody else's: the pid was given to another process
    return True


def _memory_events(pid: int, cgroups: Path) -> Path | None:
    """The file that counts what the system kills in a process's control group; None where there is none."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if controllers == "":  # version 2
                found = cgroups / group.lstrip("/") / "memory.events"
            elif "memory" in controllers.split(","):
                found = cgroups / "memory" / group.lstrip("/") / "memory.oom_control"
            else:
                continue
            if found.is_file():
                return found
    return None


def _kills(events: Path | None) -> int:
    """How many processes the system has killed in a group for want of memory."""
    with contextlib.suppress(OSError, ValueError):
        for line in events.read_text().splitlines() if events else ():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
