"""The two files of a home, opened: what cannot be used is set aside, whole, and its user is told.

A store that a newer nbalert wrote is taken up again by the next courier that understands it.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from nbalert.courier.store import Store
from nbalert.courier.taking_up import take_up
from nbalert.errors import SettingsError, StoreUnfit
from nbalert.home import Home
from nbalert.inbox import InboxServer
from nbalert.inbox.binding import locked
from nbalert.message import Level, Message
from nbalert.settings import load_project
from nbalert.spool import POWER
from nbalert.unfit import files_aside, opened_anew, set_aside

log = logging.getLogger(__name__)

Place = tuple[int, int]
"""Device and number of a file."""


def opened_store(home: Home) -> Store:
    """The store, with what waits in those that were set aside and can be read by now.

    Raises:
        StoreError: It cannot be used, and neither can a new one.
    """
    store = opened_anew(home.store, Store)
    for aside in files_aside(home.root):
        if aside.name.startswith(home.store.name):
            take_up(store, aside)
    return store


async def served_inbox(home: Home, owner: str) -> InboxServer:
    """The inbox, served.

    Raises:
        SettingsError: It is served already.
        StoreError: It cannot be used, and neither can a new one.
    """
    inbox = InboxServer(home.inbox, owner=owner, is_power_safe=_is_power_safe(home))
    try:
        await inbox.start()
    except StoreUnfit:
        lock = locked(home.inbox, "")  # nobody else serves it
        set_aside(home.inbox)
        if lock:
            lock.close()
        await inbox.start()
    return inbox


def _is_power_safe(home: Home) -> bool:
    """Whether the user's own settings say so."""
    with contextlib.suppress(SettingsError):  # told to whoever uses them
        return load_project("", home).durable == POWER
    return False


def set_aside_damaged(home: Home, store: Store, inbox: InboxServer | None) -> bool:
    """Set aside what was found damaged at work, once both are closed; whether anything was."""
    damaged = [home.store] if store.is_damaged else []
    damaged += [home.inbox] if inbox and inbox.is_damaged else []
    for path in damaged:
        log.error("%s is damaged; it is %s now", path, set_aside(path))
    return bool(damaged)


def tell_of_files_aside(home: Home, inbox: InboxServer) -> None:
    """Say in the inbox, once a file, what was set aside and what that means."""
    for aside in files_aside(home.root):
        inbox.say(f"set-aside-{aside.name}", _notice(aside))


def _notice(aside: Path) -> Message:
    is_store = aside.name.startswith("store")
    what = "The store" if is_store else "The inbox's file"
    remedy = (
        "Alerts that waited in it leave once an nbalert that can read it runs here again; questions that were"
        " open in it have ended without an approval."
        if is_store
        else "Earlier messages and sign-ins are in that file."
    )
    return Message(
        title=f"{what} could not be read; a new one was begun",
        text=f"It is damaged, or a newer nbalert wrote it. It was set aside as {aside}. {remedy}",
        level=Level.WARNING,
    )


def place_of(path: Path) -> Place | None:
    """Which file is there; None if none is."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
