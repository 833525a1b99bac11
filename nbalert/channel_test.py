"""A channel tried out: what keeps it from working, and a message that really arrives."""

from __future__ import annotations

import time
from dataclasses import dataclass

from nbalert import channels
from nbalert.errors import ChannelError
from nbalert.message import Level, Message, Posted, Receipt
from nbalert.posting import here, post
from nbalert.process import client

PATIENCE_S = 30.0
"""How long the courier is given to ask a service; then how long the message may take."""
LOOK_S = 0.25
"""How often it is looked whether the message is held up."""
HELD_UP_TRIES = 2
"""Tries after which whoever waits is told: one may fail by chance, and the second follows within a second."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a test.

    Args:
        channel: Its name.
        problems: What is missing and where to click, a line each; empty if the message has arrived.
        link: To the message, where it has one.
        answer: To a test that asks: `approved by Bob (UBOB)`.
    """

    channel: str
    problems: tuple[str, ...] = ()
    link: str = ""
    answer: str = ""

    def __str__(self) -> str:
        if self.problems:
            mark = f"{self.channel}: "
            return "\n".join(f"{mark}{line.removeprefix(mark)}" for line in self.problems)
        return f"{self.channel}: {self.answer or 'delivered'} {self.link}".rstrip()


def tried(name: str | None) -> Tried:
    """Ask the service what is missing; send a test by the way of every message if nothing is.

    Args:
        name: Of a channel in the settings; None is the default one.

    Raises:
        SettingsError: Its settings are wrong, or there is no such channel.
        CourierError: There is no courier.
    """
    sender = client()
    settings = sender.settings
    table = settings.channel(name)
    channels.check(table)
    asked = {"do": "problems", "project": settings.project, "channel": table.name}
    if problems := sender.request(asked, PATIENCE_S):
        return Tried(table.name, tuple(problems))
    posted = post(trial_message(table.name), channel=table.name)
    try:
        receipts = _receipts(posted, settings.project, table.name)
    except ChannelError as error:
        return Tried(table.name, (str(error),))
    if isinstance(receipts, str):
        return Tried(table.name, (receipts, "the test is kept, and tried again until it has arrived"))
    if not receipts:
        return Tried(table.name, ("accepted, and not told: the channel or all alerts are silenced",))
    return Tried(table.name, (), receipts[0].link)


def _receipts(posted: Posted, project: str, channel: str) -> list[Receipt] | str:
    """Receipts of a message, or what holds it up, as soon as that is known.

    Raises:
        ChannelError: The service did not take it.
    """
    ends_at, reason = time.monotonic() + PATIENCE_S, ""
    while time.monotonic() < ends_at:
        try:
            return posted.wait(LOOK_S)
        except TimeoutError:
            tries, reason = _held_up(project, channel)
            if reason and tries >= HELD_UP_TRIES:
                break
    return reason or "still on its way; `nbalert status` says what it waits for"


def _held_up(project: str, channel: str) -> tuple[int, str]:
    """How often the oldest message that waits for a channel was tried, and why it waits."""
    rows = client().request({"do": "status"})["waiting"]
    found = (row for row in rows if (row["project"], row["channel"]) == (project, channel))
    row = next(found, None)
    return (row["attempts"], row["reason"]) if row else (0, "")


def trial_message(name: str) -> Message:
    """What a channel is tried out with."""
    return Message(title=f"Test of channel {name}", text="A test of nbalert", level=Level.INFO, source=here())
