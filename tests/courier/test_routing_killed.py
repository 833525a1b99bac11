"""A courier that is killed while it routes: a message has all its verdicts and deliveries, or none."""

from __future__ import annotations

import pytest

from nbalert.home import Home
from tests.courier.rooms import Rooms, run
from tests.courier.test_addressing import project
from tests.processes import Script

CHANGES = {"channel": "dev", "state_changes_only": True}
ENDLESS = """
from nbalert.home import Home
from nbalert.message import Level, Message
from tests.courier.rooms import run
from tests.courier.test_addressing import project, publish
from tests.courier.test_routing_killed import CHANGES

async def work(rooms):
    rooms.projects.learn(project({"topic": "t", "channel": "ops"}, CHANGES))
    while True:
        publish(rooms, Message(title="x", topic="t", level=Level.CRITICAL), "ci")
        print("routed", flush=True)

run(Home.find(), work)
"""


@pytest.mark.parametrize("after", [1, 7, 30])
def test_nothing_is_half(home: Home, after: int) -> None:
    """Each message has one verdict a channel, and a delivery where that says so; each run is counted once."""
    with Script(ENDLESS) as script:
        for _ in range(after):
            assert script.line() == "routed"
        script.kill()

    async def look(rooms: Rooms) -> None:
        rooms.projects.learn(project({"topic": "t", "channel": "ops"}, CHANGES))
        rooms.intake.take()  # what was accepted, and not taken yet
        rows = rooms.store.rows("SELECT id FROM message ORDER BY accepted_at")
        assert len(rows) >= after
        for number, row in enumerate(rows):
            found = rooms.store.rows("SELECT * FROM routed WHERE message = ?", row["id"])
            verdicts = {one["channel"]: one["verdict"] for one in found}
            first = "delivered" if number == 0 else "suppressed"
            assert verdicts == {"ci": "delivered", "ops": "delivered", "dev": first}
            sent = rooms.store.rows("SELECT channel FROM delivery WHERE message = ?", row["id"])
            told = {channel for channel, verdict in verdicts.items() if verdict == "delivered"}
            assert sorted(one["channel"] for one in sent) == sorted(told)
        alert = rooms.store.row("SELECT runs, failing_runs FROM alert")
        assert alert
        assert alert["runs"] == alert["failing_runs"] == len(rows)

    run(home, look)
