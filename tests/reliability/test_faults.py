"""Each kind of channel with each fault, by a real courier's delivery; each fault has its own channel."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nbalert.courier.project import Project
from nbalert.home import Home
from nbalert.message import Message
from tests.certificates import Authority
from tests.channels.all_rows import ROWS
from tests.channels.row_discord import DiscordWebhookRow
from tests.channels.row_ntfy import NtfyRow
from tests.channels.row_teams import TeamsRow
from tests.channels.row_telegram import TelegramRow
from tests.channels.rows import Row
from tests.chat_servers import discord_rules, telegram_rules
from tests.courier.rooms import Rooms, run
from tests.reliability.conftest import Figure
from tests.reliability.faults import faults_of
from tests.reliability.gate import NOTHING, Fault, Gate, Gates

pytestmark = pytest.mark.long

CALM = "calm"
"""The channel with which nothing is wrong."""
PARTS = ("before", "first", "second")
LOOKS_BACK = ("slack",)
"""Kinds without keys, where the channel looks before another try whether the last one has arrived."""
MANY = 10**6
SETTLE_S = 60.0


@dataclass
class Trial:
    """A channel, and what happens to it."""

    name: str
    fault: Fault
    gate: Gate

    def marker(self, part: str) -> str:
        """A word of its own that every service leaves as it is."""
        return f"{part}{self.name}"


def settings_of(row: Row, gate: Gate, fault: Fault, ca: Path) -> dict[str, Any]:
    """The row's, by way of the gate."""
    values = {name: _by_way_of(gate, value) for name, value in row.values().items()}
    tls = {"tls": {"ca": str(ca)}} if gate.tls else {}
    return {**values, **tls, "timeout_s": fault.timeout_s}


def _by_way_of(gate: Gate, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    secure = r"\1s://" if gate.tls else r"\1://"
    return re.sub(r"^(http|json)://127\.0\.0\.1:\d+", rf"{secure}127.0.0.1:{gate.port}", value)


def port_of(row: Row) -> int:
    """Of the server."""
    found = re.search(r"://127\.0\.0\.1:(\d+)", " ".join(map(str, row.values().values())))
    assert found
    return int(found[1])


def without_limits(row: Row) -> None:
    """More channels than anybody has post at once, and how much a service takes is not what is tried."""
    match row:
        case TelegramRow():
            row.telegram.api.limits = telegram_rules.Limits(overall=MANY, group=MANY, burst=MANY)
        case DiscordWebhookRow():
            row.discord.rest.limits = discord_rules.Limits(per_window=MANY)
        case NtfyRow():
            row.ntfy.burst = MANY
        case TeamsRow():
            row.teams.per_s = MANY


@contextmanager
def trials_of(row: Row, folder: Path) -> Iterator[tuple[list[Trial], dict[str, dict[str, Any]]]]:
    """A channel for each fault, and their settings."""
    has_tls = row.kind != "apprise"  # it goes out by itself, and asks the system alone whom to trust
    folder.joinpath("another").mkdir()
    ours, others = Authority(folder), Authority(folder / "another")
    tls = (ours.server(), others.server()) if has_tls else None
    faults = faults_of(row.kind, has_tls=has_tls, takes_anything=row.takes_anything)
    with Gates() as gates:
        trials = [
            Trial(f"number{number}x", fault, gates.open(port_of(row), tls))
            for number, fault in enumerate((NOTHING, *faults))
        ]
        yield trials, {one.name: settings_of(row, one.gate, one.fault, ours.file) for one in trials}


async def undergo(rooms: Rooms, trials: list[Trial], channels: dict[str, dict[str, Any]]) -> None:
    """One message before the fault, two while it lasts, and one on a channel with which nothing is wrong."""
    calm, *faulty = trials
    rooms.projects.learn(Project("p", calm.name, channels))

    def say(part: str, *on: Trial) -> list[str]:
        return [rooms.accept(Message(title=one.marker(part)), one.name) for one in on]

    def are_delivered(messages: list[str]) -> bool:
        return all(rooms.row(message)["state"] == "delivered" for message in messages)

    before = say("before", *faulty)
    await rooms.until(lambda: are_delivered(before), SETTLE_S)
    for one in faulty:
        one.gate.begin(one.fault, one.marker("first"))
    first, second = say("first", *faulty), say("second", *faulty)
    lasting = [row for one, row in zip(faulty, first, strict=True) if not one.fault.reaches]
    await rooms.until(lambda: all(rooms.row(message)["attempts"] for message in lasting), SETTLE_S)
    await rooms.until(lambda: all(one.gate.met for one in faulty if one.fault.reaches), SETTLE_S)
    meanwhile = say(CALM, calm)
    await rooms.until(lambda: are_delivered(meanwhile), SETTLE_S)
    assert not [rooms.row(message)["state"] for message in lasting if are_delivered([message])]
    for one in faulty:
        one.gate.lift()
    await rooms.until(lambda: are_delivered([*first, *second]), SETTLE_S)


def check(trial: Trial, shown: list[str], row: Row) -> int:
    """All of it is there in order, and twice only what was taken twice by a service without keys.

    Returns:
        How many messages are there once more.
    """
    may_double = trial.fault.reaches and (not row.has_keys or (trial.fault.copies and row.kind in LOOKS_BACK))
    own = [text for text in shown if trial.name in text]
    found = [part for text in own for part in PARTS if trial.marker(part) in text]
    assert list(dict.fromkeys(found)) == list(PARTS), f"{trial.fault.name}: {found}"
    count = Counter(found)
    assert count["before"] == count["second"] == 1, f"{trial.fault.name}: {found}"
    assert count["first"] <= 1 + may_double, f"{trial.fault.name}: {found}"
    return count["first"] - 1


def check_wish(trial: Trial) -> None:
    """A service that says how long it wants to be left alone is."""
    came_at = trial.gate.came_at
    assert came_at[1] - came_at[0] >= trial.fault.wish_s, f"{trial.fault.name}: {came_at}"


@pytest.mark.parametrize("kind", [kind for kind in ROWS if kind != "email"])
def test_faults(kind: str, home: Home, tmp_path: Path, figure: Figure) -> None:
    """What was accepted arrives when the fault is over, in order, and others have not waited for it.

    It arrives once where the service has keys; else twice where its answer was lost.
    """
    with ROWS[kind].open(tmp_path / "row") as row, trials_of(row, tmp_path) as (trials, channels):
        without_limits(row)
        run(home, lambda rooms: undergo(rooms, trials, channels))
        shown = [seen.text for seen in row.seen()]
        doubled = sum(check(one, shown, row) for one in trials[1:])
        for one in trials:
            if one.fault.wish_s and row.has_wishes:
                check_wish(one)
        row.check()
    figure(f"faults survived: {kind}", f"{len(trials) - 1}, of them with a double: {doubled}")
