from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.courier.project import Project
from nbalert.handlers import Handler
from nbalert.home import Home
from nbalert.message import Level, Message
from tests.chat_servers.webhook import Webhook
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run
from tests.processes import webhook_table

NIGHTLY = {"id": "nightly", "topic": "nightly", "channel": "ci", "aggregate": {"interval": "24h"}}
ONCE = [sys.executable, "-m", "nbalert", "courier", "--once"]


@pytest.fixture
def chat() -> Iterator[Webhook]:
    """What the channel talks to."""
    with Webhook() as server:
        yield server


def due(home: Home, chat: Webhook, numbers: range) -> None:
    """A digest that was due a minute ago, as a courier that was killed has left it."""
    home.settings.parent.mkdir(parents=True, exist_ok=True)
    home.settings.write_text(webhook_table("ci", chat.url))
    home.settings.chmod(0o600)

    async def gather(rooms: Rooms) -> None:
        told = (Handler.model_validate(NIGHTLY).model_dump(mode="json"),)
        rooms.projects.learn(
            Project("", "inbox", {"ci": {"kind": "webhook", "url": chat.url}}, handlers=told)
        )
        for number in numbers:
            message = Message(title=f"error {number}", level=Level.CRITICAL, topic="nightly").to_json()
            entry = {"kind": "message", "origin": "o", "project": "", "message": message, "channels": []}
            rooms.spool.put(entry)
        rooms.intake.take()

    run(home, gather, HandClock(time.time() - 86460))


def told(chat: Webhook) -> list[int]:
    """Numbers of the errors that were told, each digest once."""
    digests = {request.key: json.loads(request.body)["data"] for request in chat.accepted}
    for digest in digests.values():
        assert digest["title"] == f"{len(digest['text'].splitlines())} alerts in the last 24 h"
    lines = [line for digest in digests.values() for line in digest["text"].splitlines()]
    return sorted(int(line.split("error ")[1].split(" ")[0]) for line in lines)


def test_five_at_once(home: Home, chat: Webhook, tmp_path: Path) -> None:
    """Five cron jobs at the same moment: the digest is told once, and all of them end well."""
    due(home, chat, range(20))
    jobs = [subprocess.Popen(ONCE, cwd=tmp_path, stdout=subprocess.PIPE) for _ in range(5)]
    assert [job.wait(60) for job in jobs] == [0] * 5
    for job in jobs:
        job.communicate()
    assert len(chat.requests) == 1
    assert told(chat) == list(range(20))


@pytest.mark.long
def test_killed_at_any_point(home: Home, chat: Webhook, tmp_path: Path) -> None:
    """Couriers that are killed while they tell a digest leave it whole: no alert is lost, or told in two."""
    for number in range(8):
        due(home, chat, range(number * 5, number * 5 + 5))
        job = subprocess.Popen(ONCE, cwd=tmp_path, stdout=subprocess.DEVNULL)
        before = len(chat.requests)
        deadline = time.monotonic() + 0.25 * number
        while time.monotonic() < deadline and len(chat.requests) == before:
            time.sleep(0.001)
        job.send_signal(signal.SIGKILL)
        job.wait()
    subprocess.run(ONCE, cwd=tmp_path, check=True, timeout=60)
    assert told(chat) == list(range(40))
