"""What listening for answers needs of IMAP: log in, look for mails, fetch them, and be told of new ones.

Source: RFC 3501 (IMAP4rev1), RFC 2177 (IDLE), RFC 4616 (PLAIN). A command waits for its own answer; what the
server says of new mails meanwhile is remembered, whenever it says it.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from nbalert.channels.email_wire import LARGEST_BYTES, ImapLost, Line, Wire

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UID = re.compile(rb"\bUID (\d+)")
_DATE = re.compile(rb'INTERNALDATE "([^"]+)"')
_VALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)\]")


class ImapNo(Exception):
    """The server says no. `code` is the word in brackets, such as AUTHENTICATIONFAILED; mostly empty."""

    def __init__(self, text: str) -> None:
        found = re.match(r"\[([A-Z-]+)", text)
        self.code = found[1] if found else ""
        super().__init__(text)


class Imap:
    """One connection, greeted.

    Attributes:
        has_news: Whether the server has told of mails since somebody last looked.
        capabilities: What it can do, in capitals.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._number = 0
        self._pause: asyncio.Timeout | None = None
        self.has_news = False
        self.capabilities: frozenset[str] = frozenset()

    @classmethod
    async def connect(cls, host: str, port: int, context: ssl.SSLContext | None, timeout_s: float) -> Imap:
        """Connect, and be greeted.

        Args:
            context: For TLS; None is plain.
            timeout_s: For each answer.

        Raises:
            OSError, TimeoutError, ImapLost, ImapNo: It did not come to that.
        """
        imap = cls(await Wire.open(host, port, context, timeout_s))
        try:
            greeting = (await imap._wire.line()).text
            if not greeting.startswith((b"* OK", b"* PREAUTH")):
                raise ImapLost("it does not greet as a mailbox does")
            await imap._ask_capabilities()
        except BaseException:
            await imap.aclose()
            raise
        return imap

    async def login(self, user: str, password: str) -> None:
        """Log in, by PLAIN where the server takes it: that carries every password.

        Raises:
            ImapNo: It did not let us in.
        """
        if "AUTH=PLAIN" in self.capabilities:
            token = b64encode(f"\0{user}\0{password}".encode()).decode()
            await self.command("AUTHENTICATE PLAIN", (token,))
        else:
            await self.command(f"LOGIN {_quoted(user)} {_quoted(password)}")
        await self._ask_capabilities()

    async def select(self, mailbox: str) -> int:
        """Open a folder; its UIDVALIDITY: with another one all known numbers mean nothing."""
        lines = await self.command(f"SELECT {_quoted(mailbox)}")
        found = [found for line in lines if (found := _VALIDITY.search(line.text))]
        return int(found[0][1]) if found else 0

    async def search(self, first_uid: int, since: date) -> list[int]:
        """Numbers of the mails from that number on that have arrived on that day or later, in order."""
        self.has_news = False
        day = f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}"
        lines = await self.command(f"UID SEARCH UID {first_uid}:* SINCE {day}")
        words = [
            word for line in lines if line.text.startswith(b"* SEARCH") for word in line.text.split()[2:]
        ]
        return sorted({int(word) for word in words if word.isdigit() and int(word) >= first_uid})

    async def headers(self, uids: Iterable[int], names: Iterable[str]) -> dict[int, bytes]:
        """Some headers of some mails, by number."""
        what = f"BODY.PEEK[HEADER.FIELDS ({' '.join(names)})]"
        lines = await self.command(f"UID FETCH {','.join(map(str, uids))} (UID {what})")
        return {int(found[1]): line.literals[0] for line in lines if (found := _uid(line))}

    async def mail(self, uid: int) -> tuple[bytes, datetime] | None:
        """One mail, or its beginning, and when the server took it; None where it is gone."""
        what = f"(UID INTERNALDATE BODY.PEEK[]<0.{LARGEST_BYTES}>)"
        for line in await self.command(f"UID FETCH {uid} {what}"):
            if _uid(line):
                return line.literals[0], _taken(line.text)
        return None

    async def wait(self, limit_s: float, poll_s: float) -> None:
        """Return when there may be new mail, or after a while.

        Args:
            limit_s: Of IDLE: servers end what is silent for 30 minutes, some after 10.
            poll_s: Pause where the server has no IDLE.
        """
        if self.has_news:
            return
        tag = await self._idle() if "IDLE" in self.capabilities else None
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s if tag else poll_s) as self._pause:
                while tag and not self.has_news:
                    self._hear(await self._wire.next_line())
                await asyncio.sleep(0 if self.has_news else poll_s)
        self._pause = None
        if tag:
            await self._wire.send("DONE")
            await self._finish(tag, [])
        else:
            await self.command("NOOP")
            self.has_news = True

    def nudge(self) -> None:
        """Let whoever waits look at once."""
        self.has_news = True
        if self._pause:
            with suppress(RuntimeError):  # it is over just now
                self._pause.reschedule(asyncio.get_running_loop().time())

    async def command(self, text: str, more: Iterable[str] = ()) -> list[Line]:
        """Send a command; what the server answers before it is done.

        Args:
            more: A line for each time that it asks to go on.

        Raises:
            ImapNo: It refused.
            ImapLost: There is no connection any more.
            TimeoutError: It is silent.
        """
        return await self._finish(await self._send(text), list(more))

    async def aclose(self) -> None:
        """Say goodbye, and close."""
        await self._wire.aclose()

    async def _ask_capabilities(self) -> None:
        lines = await self.command("CAPABILITY")
        words = [line.text.decode("ascii", "replace").upper().split() for line in lines]
        self.capabilities = frozenset(w for ws in words if ws[1:2] == ["CAPABILITY"] for w in ws[2:])

    async def _idle(self) -> bytes:
        tag = await self._send("IDLE")
        while not (line := await self._wire.line()).text.startswith(b"+"):
            if line.text.startswith(tag):
                raise ImapLost("it does not go idle")
            self._hear(line)
        return tag

    async def _send(self, text: str) -> bytes:
        self._number += 1
        await self._wire.send(f"a{self._number} {text}")
        return b"a%d " % self._number

    async def _finish(self, tag: bytes, more: list[str]) -> list[Line]:
        lines: list[Line] = []
        while not (line := await self._wire.line()).text.startswith(tag):
            if line.text.startswith(b"+"):
                await self._wire.send(more.pop(0) if more else "*")
            else:
                self._hear(line)
                lines.append(line)
        result, _, text = line.text[len(tag) :].decode("utf-8", "replace").partition(" ")
        if result.upper() != "OK":
            raise ImapNo(text)
        return lines

    def _hear(self, line: Line) -> None:
        if re.match(rb"\* \d+ EXISTS", line.text):
            self.has_news = True
        elif line.text.startswith(b"* BYE"):
            raise ImapLost(line.text[6:200].decode("utf-8", "replace"))


def _uid(line: Line) -> re.Match[bytes] | None:
    """The number in an answer to FETCH that has brought something."""
    if not line.literals or not re.match(rb"\* \d+ FETCH ", line.text):
        return None
    return _UID.search(line.text)


def _taken(text: bytes) -> datetime:
    found = _DATE.search(text)
    with suppress(ValueError):
        if found:
            return parsedate_to_datetime(found[1].decode("ascii", "replace").replace("-", " ", 2))
    return datetime.now(UTC)


def _quoted(text: str) -> str:
    if any(c in text for c in "\r\n\0"):
        raise ImapNo("there is a line end in what the settings say")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
