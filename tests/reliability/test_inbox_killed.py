"""SIGKILL at random moments to the server of a team's inbox: nothing of it is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.inbox import People
from nbalert.process import client, finish
from tests.colleague import Colleague
from tests.crashes import (
    PATIENCE_S,
    ROUNDS,
    SEED,
    SETTLE_S,
    check_alerts,
    check_asks,
    check_files,
    note_rounds,
    settle,
)
from tests.nursery import CHANNEL, Nursery
from tests.processes import couriers, settings_file, wait_until
from tests.reliability.conftest import Figure

pytestmark = pytest.mark.long


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def is_served(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def team_settings(home: Home, database: Path, port: int) -> None:
    """The team's inbox is the channel of alerts and asks."""
    with closing(People(database)) as people:
        token = people.sender_token("tests")
    (home.root / "token").write_text(token)
    settings_file(
        home.root,
        f'default = "{CHANNEL}"\n[channels.{CHANNEL}]\nkind = "inbox"\nurl = "http://127.0.0.1:{port}"\n'
        'token = "file:token"\napprovers = ["anyone"]\nallow_self = true\n',
    )


@pytest.mark.timeout(1200)
def test_rounds(detached: Home, tmp_path: Path, figure: Figure) -> None:
    """Every alert is in it once and in order, and every ask ends as its people have answered."""
    print(f"CHAOS_SEED={SEED}")
    chance, port, database = random.Random(SEED), free_port(), detached.root / "team-inbox.db"
    with Nursery(tmp_path / "servers") as servers, Nursery(tmp_path / "record") as nursery:
        server = servers.begin_inbox(port)
        try:
            wait_until(lambda: is_served(port))
            team_settings(detached, database, port)
            with Colleague(database, chance=chance) as colleague:
                for what in ("post", "post", "ask", "ask"):
                    nursery.begin(what, PATIENCE_S)
                for _ in range(ROUNDS):
                    wait_until(lambda: is_served(port), SETTLE_S)
                    time.sleep(chance.uniform(0, 0.2))
                    os.kill(server, signal.SIGKILL)
                    server = servers.begin_inbox(port)
                nursery.end()
            client().start()
            settle()
        finally:
            os.kill(server, signal.SIGKILL)
        facts = nursery.facts()
    finish()
    stop_courier(detached)
    wait_until(lambda: not couriers(detached))
    print({kind: len(lines) for kind, lines in facts.items()})
    arrived = titles(database)
    check_alerts(facts["accepted"], arrived)
    check_asks(detached, facts, colleague.said)
    check_files(detached, database)
    note_rounds(figure, "team's inbox", ROUNDS, arrived, facts)


def titles(database: Path) -> list[str]:
    """Of the alerts in an inbox, oldest first."""
    with closing(sqlite3.connect(database)) as inbox:
        rows = inbox.execute("SELECT body ->> 'title', body ->> 'question' FROM messages ORDER BY number")
        return [title for title, question in rows if question is None]
