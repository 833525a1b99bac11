"""`nbalert inbox`: serve an inbox for a team, invite people to it, link couriers to it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import signal
from contextlib import closing
from pathlib import Path

from nbalert.errors import SettingsError
from nbalert.home import Home, private_folder
from nbalert.inbox import InboxServer, People, login_link


def run(options: argparse.Namespace) -> None:
    """Do what the command line says."""
    database = options.database or Home.find().root / "team-inbox.db"
    private_folder(database.parent)
    if options.what == "serve":
        asyncio.run(_serve(database, options))
    elif options.what == "link":
        _own_link()
    elif not options.name:
        raise SettingsError(f"nbalert inbox {options.what}: whom? Add a name")
    else:
        _manage(database, options)


async def _serve(database: Path, options: argparse.Namespace) -> None:
    if bool(options.tls_cert) != bool(options.tls_key):
        raise SettingsError("TLS needs both --tls-cert and --tls-key")
    owner = getpass.getuser()
    server = InboxServer(
        database,
        owner=owner,
        host=options.host,
        port=options.port,
        tls=(options.tls_cert, options.tls_key) if options.tls_cert else None,
        public_url=options.public_url,
    )
    await server.start()
    try:
        print(
            f"the inbox is at {server.url}\nyour own link (good once, for two minutes): {server.link(owner)}"
        )
        print("invite others with: nbalert inbox invite NAME", flush=True)
        await _until_told()
    finally:
        await server.stop()


async def _until_told() -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
            asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


def _manage(database: Path, options: argparse.Namespace) -> None:
    with closing(People(database)) as people:
        if not people.last_url:
            raise SettingsError("this inbox has not been served yet; first: nbalert inbox")
        if options.what == "invite":
            print(login_link(people.last_url, people.invite(options.name, options.valid)))
        elif options.what == "sender":
            print(f'url = "{people.last_url}"\ntoken: {people.sender_token(options.name)}')
        else:
            people.revoke(options.name)
            print(f"{options.name} is signed out, and its links and tokens are void")


def _own_link() -> None:
    from nbalert.inbox_link import inbox_link
    from nbalert.process import client

    link = inbox_link(client())
    print("\n".join(part for part in link if part))
