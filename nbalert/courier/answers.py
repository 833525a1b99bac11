"""What the courier answers at once when a process asks: one row a question."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nbalert import __version__
from nbalert.courier.attendance import Attendance
from nbalert.courier.audit import Trail
from nbalert.courier.deaths import Deaths
from nbalert.courier.delivery import Delivery
from nbalert.courier.hosting import Hosting
from nbalert.courier.intake import Intake
from nbalert.courier.judging import Judging
from nbalert.courier.ledger import Ledger
from nbalert.courier.listening import Listening
from nbalert.courier.past import Wanted, channels_told, history
from nbalert.courier.projects import Projects
from nbalert.courier.records import book_page, delivery_page, trail_page
from nbalert.courier.report import status
from nbalert.courier.store import Store
from nbalert.courier.undelivered import Undelivered
from nbalert.home import Home
from nbalert.inbox import InboxServer
from nbalert.line import Frame
from nbalert.spool import Spool


@dataclass
class Rooms:
    """The parts of a running courier."""

    home: Home
    store: Store
    trail: Trail
    spool: Spool
    projects: Projects
    attendance: Attendance
    deaths: Deaths
    hosting: Hosting
    delivery: Delivery
    ledger: Ledger
    listening: Listening
    intake: Intake
    undelivered: Undelivered
    judging: Judging
    inbox: InboxServer
    owner: str
    mode: str
    stop: Callable[[], None]


Answers = Mapping[str, Callable[[Frame], Any]]


def answers(rooms: Rooms) -> Answers:
    """By what a frame says to `do`."""
    store, silences = rooms.store, rooms.judging.silences
    return {
        "status": lambda frame: _status(rooms),
        "history": lambda frame: history(store, Wanted.of(frame)),
        "way": lambda frame: rooms.delivery.way([str(id_) for id_ in frame["messages"]]),
        "channels_told": lambda frame: channels_told(store),
        "retry": lambda frame: rooms.undelivered.retry([str(id_) for id_ in frame["messages"]]),
        "silence": lambda frame: silences.begin(
            float(frame["for_s"]), str(frame["what"]), str(frame["glob"])
        ),
        "silences": lambda frame: silences.active(),
        "unsilence": lambda frame: silences.end(frame.get("silence")),
        "trail": lambda frame: trail_page(store, rooms.trail, int(frame["after"])),
        "book": lambda frame: book_page(store, str(frame["after"])),
        "deliveries": lambda frame: delivery_page(store, int(frame["after"])),
        "link": lambda frame: rooms.inbox.link(frame.get("person") or rooms.owner, base=str(frame["base"])),
        "owed": lambda frame: _owed(rooms, str(frame["origin"])),
        "stop": lambda frame: _stop(rooms),
        "inbox": lambda frame: {"url": rooms.inbox.url, "port": rooms.inbox.port},
    }


def _status(rooms: Rooms) -> dict[str, Any]:
    courier = {
        "pid": os.getpid(),
        "mode": rooms.mode,
        "version": __version__,
        "inbox": rooms.inbox.url,
    }
    found = status(rooms.home, rooms.store, rooms.spool, rooms.attendance)
    quiet = {"silences": rooms.judging.silences.active(), "digests": rooms.judging.digests.open_ones()}
    return {"courier": courier, **found, **quiet, "notes": rooms.projects.notes()}


def _owed(rooms: Rooms, origin: str) -> int:
    """How many deliveries of a process wait, also those that show how its questions ended."""
    rooms.intake.take()
    row = rooms.store.row(
        "SELECT count(*) AS number FROM delivery d JOIN message m ON m.id = d.message"
        " WHERE m.origin = ? AND d.state = 'waiting'",
        origin,
    )
    return int(row["number"]) if row else 0


def _stop(rooms: Rooms) -> str:
    """End this courier, unless it lives in somebody's kernel; its mode."""
    if rooms.mode != "inline":
        for presence in rooms.attendance:
            presence.peer.send({"event": "stopped"})  # it is not to be replaced for nothing
        # After the answer has been sent.
        asyncio.get_running_loop().call_later(0.05, rooms.stop)
    return rooms.mode
