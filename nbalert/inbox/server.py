"""The inbox's server: what it listens on, its routes, its beginning and its end."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, ClassVar

from tornado.httpserver import HTTPServer

from nbalert.errors import SettingsError, StoreError
from nbalert.forks import keep_from_forks
from nbalert.inbox.archive import Archive
from nbalert.inbox.binding import bound, is_loopback, locked, shown, tls_context
from nbalert.inbox.guard import Guard, checked_public_url
from nbalert.inbox.people import CODE_S, People, login_link
from nbalert.inbox.routes import application
from nbalert.inbox.site import Silencing, Site
from nbalert.message import Message

READ_BYTES = 128 * 1024 * 1024
"""The most that is read off a request, kept or not: a client that sends too much is to hear so."""
BODY_TIMEOUT_S = 60.0
IDLE_S = 3600.0
END_S = 2.0
FILED_AT_ONCE = 20
FILING_PAUSE_S = 0.01
LOCK_S = 1.0
"""How long a lock that is held is taken for that of a server which ends just now."""


class InboxServer:
    """The built-in chat of one user, or of a team.

    Args:
        database: The inbox's SQLite file.
        owner: The person whose inbox it is.
        host: Where to listen: loopback, unless `tls` or `public_url` is given.
        port: 0 takes the port of the last time if it is free, else any.
        tls: Certificate chain and key, PEM.
        public_url: Where people reach it, through a reverse proxy.
        is_power_safe: Whether messages also survive a power cut: an fsync each, a few ms.
    """

    heartbeat_s: ClassVar[float] = 15.0
    send_timeout_s: ClassVar[float] = 20.0

    def __init__(
        self,
        database: Path,
        *,
        owner: str,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: tuple[Path, Path] | None = None,
        public_url: str = "",
        is_power_safe: bool = False,
    ) -> None:
        self.owner = owner
        self.url = ""
        self.port = port
        self._database = database
        self._is_power_safe = is_power_safe
        self._host = host
        self._tls = tls
        self._public_url = checked_public_url(public_url)
        self._server: HTTPServer | None = None
        self._site: Site | None = None
        self._lock: BinaryIO | None = None
        self._is_damaged = False
        self._filing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen, on the running loop.

        Raises:
            SettingsError: Not loopback and neither TLS nor a public URL; port taken; served already.
            StoreUnfit: The file is damaged, or a newer nbalert wrote it.
            StoreError: The file cannot be used for another reason.
        """
        if not (self._tls or self._public_url or is_loopback(self._host)):
            raise SettingsError(
                f"the inbox listens on loopback only; to serve it on {self._host} give it tls or a public_url"
            )
        tls = tls_context(self._tls)
        with self._people() as people:
            self._lock = await _locked_soon(self._database, people.last_url)
            try:
                self._open(people, tls)
            except BaseException:
                await self.stop()
                raise

    async def stop(self) -> None:
        """End all streams and connections, and close the file. Does nothing if it was not started."""
        if self._filing:
            self._filing.cancel()
        if self._server:
            self._server.stop()
        if self._site:
            await self._site.seats.end(END_S)
        if self._server:
            await self._server.close_all_connections()
        if self._site:
            self._is_damaged = self._site.is_damaged
            self._site.archive.close()
            self._site.people.close()
        if self._lock is not None:
            self._lock.close()
        self._server = self._site = self._lock = None

    def sender_token(self, name: str) -> str:
        """A new token with which a courier posts, and reads replies to what it posted. From any thread."""
        with self._people() as people:
            return people.sender_token(name)

    def lend_token(self, name: str) -> str:
        """A token for a courier that lives with this server; good until `stop`.

        Raises:
            RuntimeError: It was not started.
        """
        return self._served.people.lend_token(name)

    @property
    def is_damaged(self) -> bool:
        """Whether SQLite has found the file damaged while it was served."""
        return self._is_damaged or bool(self._site and self._site.is_damaged)

    def silence_by(self, silences: Silencing) -> None:
        """Let its owner silence what this courier sends.

        Raises:
            RuntimeError: It was not started.
        """
        self._served.silences = silences

    def say(self, key: str, message: Message) -> None:
        """Post in the server's own name, once a key.

        Raises:
            RuntimeError: It was not started.
            StoreError: The disk is full, or the file is damaged.
        """
        site = self._served
        site.archive.post("nbalert", key, message)
        site.seats.ring()

    def link(self, person: str, valid_s: float = CODE_S, base: str = "") -> str:
        """A URL that signs a person in, once. From any thread.

        Args:
            person: Their id.
            valid_s: Seconds until it is worthless.
            base: In place of `url`, such as `/user/ann/proxy/8765/`.
        """
        with self._people() as people:
            return login_link(base or self.url, people.invite(person, valid_s))

    @property
    def _served(self) -> Site:
        if self._site is None:
            raise RuntimeError("the inbox is not served")
        return self._site

    @contextmanager
    def _people(self) -> Iterator[People]:
        with closing(People(self._database)) as people:
            yield people

    def _open(self, people: People, tls: ssl.SSLContext | None) -> None:
        with ExitStack() as unless_served:
            listener = unless_served.enter_context(
                bound(self._host, self.port, last=int(people.fact("port") or 0))
            )
            archive = Archive(self._database, is_power_safe=self._is_power_safe)
            unless_served.enter_context(closing(archive))
            served_people = unless_served.enter_context(closing(People(self._database)))
            self.port = int(listener.getsockname()[1])
            self.url = self._public_url or f"{'https' if tls else 'http'}://{shown(self._host)}:{self.port}"
            people.remember("port", self.port)
            people.remember("url", self.url)
            self._serve(listener, self._made(archive, served_people, is_tls=tls is not None), tls)
            unless_served.pop_all()

    def _made(self, archive: Archive, people: People, *, is_tls: bool) -> Site:
        return Site(
            archive=archive,
            people=people,
            guard=Guard(self.port, self._public_url, is_tls=is_tls),
            url=self.url,
            owner=self.owner,
            cookie=f"nbalert-{people.inbox_id}",
            heartbeat_s=self.heartbeat_s,
            send_timeout_s=self.send_timeout_s,
        )

    def _serve(self, listener: socket.socket, site: Site, tls: ssl.SSLContext | None) -> None:
        self._server = HTTPServer(
            application(site),
            ssl_options=tls,
            max_body_size=READ_BYTES,
            body_timeout=BODY_TIMEOUT_S,
            idle_connection_timeout=IDLE_S,
        )
        self._server.add_socket(listener)
        self._site = site
        self._filing = asyncio.create_task(_file_older(site), name="inbox filing")
        keep_from_forks(listener)


async def _file_older(site: Site) -> None:
    """Make findable what an older nbalert has kept. Who asks meanwhile waits for one batch at most."""
    with suppress(StoreError):  # a full disk or a damaged file is told to whoever posts next
        while site.archive.file_older(FILED_AT_ONCE):  # noqa: ASYNC110 - it lets others in
            await asyncio.sleep(FILING_PAUSE_S)


async def _locked_soon(database: Path, url: str) -> BinaryIO | None:
    """The file's lock. A server that was killed gives its locks back one after the other."""
    deadline = time.monotonic() + LOCK_S
    while True:
        try:
            return locked(database, url)
        except SettingsError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.02)
