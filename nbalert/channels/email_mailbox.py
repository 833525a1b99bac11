"""The mailbox in which answers arrive: one connection an account, shared by all questions of all channels."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import NamedTuple

from nbalert.channels.email_answers import Arrived, references
from nbalert.channels.email_errors import short, unreachable
from nbalert.channels.email_imap import Imap, ImapNo
from nbalert.channels.email_wire import ImapLost
from nbalert.channels.listener import Listener
from nbalert.channels.sharing import Shared
from nbalert.errors import ChannelDenied, ChannelError
from nbalert.fields import Tls

log = logging.getLogger(__name__)

OWNER = "mailbox"
IDLE_S = 540.0
"""RFC 2177 allows 29 minutes; some servers, and what stands between, end a silent connection after ten."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 60.0
AT_ONCE = 200
"""So many mails are looked at with one command."""
_FLEETING = {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN"}
"""Codes of a server that is not well just now (Source: RFC 5530)."""
_HEADERS = ("In-Reply-To", "References", "Content-Type")


class Account(NamedTuple):
    """Which mailbox. What is the same here shares a connection."""

    host: str
    port: int
    is_tls: bool
    user: str
    password: str
    mailbox: str
    tls: Tls


class Mailbox:
    """Stays connected, and hands each mail to the questions that it refers to.

    Args:
        context: Makes what TLS needs; None where there is none.
        timeout_s: For each answer of the server.
        poll_s: Pause between two looks where it pushes nothing.
    """

    def __init__(
        self, account: Account, context: Callable[[], ssl.SSLContext | None], timeout_s: float, poll_s: float
    ) -> None:
        self._account = account
        self._context = context
        self._timeout_s = timeout_s
        self._poll_s = poll_s
        self._listeners: dict[Listener, date] = {}
        self._imap: Imap | None = None
        self._validity = 0
        self._next_uid = 1
        self._running: asyncio.Task[None] | None = None
        self.trouble = ""
        """Why nothing is heard just now; empty while all is well."""

    def add(self, listener: Listener, since: datetime) -> None:
        """From now on it hears of every mail since that time that refers to its own."""
        # The server has dates without a zone.
        self._listeners[listener] = (since - timedelta(days=1)).date()
        self._next_uid = 1
        if self._imap:
            self._imap.nudge()
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    def remove(self, listener: Listener) -> None:
        """It hears of nothing more."""
        self._listeners.pop(listener, None)

    async def aclose(self) -> None:
        """Hang up."""
        if self._running:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def _run(self) -> None:
        """Stay connected, until the server does not let us in."""
        pause_s, place = FIRST_PAUSE_S, f"{self._account.host}:{self._account.port}"
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._connected()
            except ImapNo as error:
                if error.code not in _FLEETING:
                    self._tell(self._denied(error))
                    return
                self.trouble = f"{OWNER}: {place}: {short(str(error))}"
            except ImapLost as error:
                self.trouble = f"{OWNER}: {place}: {short(str(error))}"
            except (OSError, TimeoutError) as error:
                self.trouble = str(unreachable(OWNER, place, error))
            except Exception as error:
                log.exception("the mailbox at %s cannot be read", place)
                self.trouble = f"{OWNER}: {place}: {type(error).__name__}"
            if asyncio.get_running_loop().time() - began > LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _connected(self) -> None:
        """One connection, until it ends."""
        imap = await open_mailbox(self._account, self._context(), self._timeout_s)
        self._imap = imap
        try:
            validity = await imap.select(self._account.mailbox)
            if validity != self._validity:
                self._validity, self._next_uid = validity, 1
            imap.has_news = True
            while True:
                if imap.has_news:
                    await self._look(imap)
                self.trouble = ""
                await imap.wait(IDLE_S, self._poll_s)
        finally:
            self._imap = None
            await imap.aclose()

    async def _look(self, imap: Imap) -> None:
        """At every mail that nobody has looked at."""
        if not self._listeners:
            imap.has_news = False
            return
        first = self._next_uid
        uids = await imap.search(first, min(self._listeners.values()))
        for at in range(0, len(uids), AT_ONCE):
            heads = await imap.headers(uids[at : at + AT_ONCE], _HEADERS)
            for uid in sorted(uids[at : at + AT_ONCE]):
                if uid in heads and self._concerns(heads[uid]):
                    await self._hand_on(imap, uid)
        if uids and self._next_uid == first:  # else somebody has come meanwhile who wants to see all
            self._next_uid = uids[-1] + 1

    def _concerns(self, head: bytes) -> bool:
        """Whether one of ours is answered, or a server reports of a mail, which it names further down."""
        is_report = re.search(rb"^content-type:\s*multipart/report\b", head, re.IGNORECASE | re.MULTILINE)
        return bool(is_report) or any(one.message.encode() in head for one in self._listeners)

    async def _hand_on(self, imap: Imap, uid: int) -> None:
        found = await imap.mail(uid)
        if found is None:
            return
        arrived = Arrived(*found)
        known = await asyncio.to_thread(_mentioned, arrived)
        for listener in list(self._listeners):
            if listener.message in known:
                listener.put("MAIL", {"mail": arrived})

    def _denied(self, error: ImapNo) -> ChannelDenied:
        return denied(OWNER, self._account, error)

    def _tell(self, error: ChannelError) -> None:
        self.trouble = str(error)
        for listener in self._listeners:
            listener.events.put_nowait(error)


MAILBOXES: Shared[Mailbox] = Shared()
"""By `Account`."""


async def open_mailbox(account: Account, context: ssl.SSLContext | None, timeout_s: float) -> Imap:
    """A connection that is logged in.

    Raises:
        ImapNo, ImapLost, OSError, TimeoutError: There is none.
    """
    imap = await Imap.connect(account.host, account.port, context, timeout_s)
    try:
        await imap.login(account.user, account.password)
    except BaseException:
        await imap.aclose()
        raise
    return imap


def denied(channel: str, account: Account, error: ImapNo) -> ChannelDenied:
    """Another try would end the same way."""
    return ChannelDenied(
        f"{channel}: {account.host} does not open {account.mailbox} for {account.user or 'nobody'}:"
        f" {short(str(error))}; check imap_username, imap_password and mailbox, and that IMAP is switched on"
    )


def _mentioned(arrived: Arrived) -> set[str]:
    """Ids of mails in a mail, found on a thread of its own: a stranger's may take its time."""
    with suppress(Exception):  # what the standard library makes of broken mails is its own affair
        return references(arrived.mail)
    return set()
