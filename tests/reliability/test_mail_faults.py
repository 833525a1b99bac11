"""What goes wrong with a mail server, by a real courier's delivery; every fault has a channel of its own."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from nbalert.courier.project import Project
from nbalert.home import Home
from nbalert.message import Message
from tests.channels.row_email import EmailRow
from tests.chat_servers.smtp_faults import SmtpFaults
from tests.chat_servers.webhook import GARBAGE, HANG, LOST, RESET, Answer, status
from tests.courier.rooms import Rooms, run
from tests.reliability.conftest import Figure

pytestmark = pytest.mark.long

FAULTS: dict[str, Answer] = {
    "reset": RESET,
    "lost": LOST,
    "silent": HANG,
    "garbage": GARBAGE,
    "421": status(429),
    "451": status(500),
}
TRIES = 2
"""How often a fault happens that keeps the mail from being taken."""
PARTS = ("first", "second")


def test_faults(home: Home, tmp_path: Path, figure: Figure) -> None:
    """What was accepted arrives when the fault is over, in order; twice only where the answer was lost."""
    with EmailRow.open(tmp_path) as row, ExitStack() as stack:
        servers = {
            name: stack.enter_context(SmtpFaults(row.mails.ports["plain"])) for name in (*FAULTS, "calm")
        }
        values = {
            name: {**row.values(), "port": server.port, "timeout_s": 2.0 if name == "silent" else 30.0}
            for name, server in servers.items()
        }
        for name, fault in FAULTS.items():
            servers[name].plan(*[fault] * (1 if fault is LOST else TRIES))

        async def work(rooms: Rooms) -> None:
            rooms.projects.learn(Project("p", "calm", values))
            said = [rooms.accept(Message(title=f"{part} {name}"), name) for part in PARTS for name in FAULTS]
            calm = rooms.accept(Message(title="calm"), "calm")
            await rooms.until(lambda: rooms.row(calm)["state"] == "delivered")
            assert {rooms.row(message)["state"] for message in said} != {"delivered"}
            await rooms.until(lambda: all(rooms.row(message)["state"] == "delivered" for message in said))

        run(home, work)
        titles = [seen.text.partition("\n")[0] for seen in row.seen()]
        for name in FAULTS:
            own = [part for title in titles for part in PARTS if f"{part} {name}" in title]
            assert own == (["first"] if name == "lost" else []) + list(PARTS)
    figure("faults survived: email", f"{len(FAULTS)}, of them with a double: 1")
