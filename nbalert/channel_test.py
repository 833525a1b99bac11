"""A channel tried out: what keeps it from working, and a message that really arrives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbalert import channels
from nbalert.fields import Origin
from nbalert.message import Level, Message
from nbalert.network import Network
from nbalert.posting import here, post
from nbalert.process import client
from nbalert.settings import ChannelTable

PATIENCE_S = 30.0
"""How long the courier is given to ask a service; then how long the message may take."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a test.

    Args:
        channel: Its name.
        problems: What is missing and where to click, a line each; empty if the message has arrived.
        link: To the message, where it has one.
    """

    channel: str
    problems: tuple[str, ...] = ()
    link: str = ""

    def __str__(self) -> str:
        if self.problems:
            mark = f"{self.channel}: "
            return "\n".join(f"{mark}{line.removeprefix(mark)}" for line in self.problems)
        return f"{self.channel}: delivered {self.link}".rstrip()


def tried(name: str | None) -> Tried:
    """Ask the service what is missing; send a test by the way of every message if nothing is.

    Args:
        name: Of a channel in the settings; None is the default one.

    Raises:
        SettingsError: Its settings are wrong, or there is no such channel.
        ChannelError: The service did not take the message.
        CourierError: There is no courier.
    """
    sender = client()
    settings = sender.settings
    table = settings.channel(name)
    channels.check(table)
    asked = {"do": "problems", "project": settings.project, "channel": table.name}
    if problems := sender.request(asked, PATIENCE_S):
        return Tried(table.name, tuple(problems))
    try:
        receipts = post(_message(table.name), channel=table.name).wait(PATIENCE_S)
    except TimeoutError:
        return Tried(table.name, ("accepted, and still on its way; `nbalert status` says what it waits for",))
    if not receipts:
        return Tried(table.name, ("accepted, and not told: the channel or all alerts are silenced",))
    return Tried(table.name, (), receipts[0].link)


def tried_draft(name: str, values: Mapping[str, Any], file: Path) -> Tried:
    """Try settings that are not saved yet; nothing of it is kept.

    Args:
        values: As they would stand in a file, `kind` among them.
        file: That file: relative paths start at its folder.

    Raises:
        SettingsError: They are wrong, or a secret is not there.
        CourierError: There is no courier.
    """
    checked = channels.check(ChannelTable(name, values, Origin(str(file), file.parent, os.environ)))
    asked = {
        "do": "try",
        "channel": name,
        "values": checked.model_dump(mode="json", context="line", by_alias=True),
        "network": asdict(Network.of(os.environ)),
        "message": _message(name).to_json(),
    }
    answer = client().request(asked, PATIENCE_S)
    return Tried(name, tuple(answer["problems"]), answer["link"])


def _message(name: str) -> Message:
    return Message(title=f"Test of channel {name}", text="A test of nbalert", level=Level.INFO, source=here())
