"""Something that runs, as the courier knows it: to tell should its process die, and while it takes long."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from nbalert.client import Client
from nbalert.errors import NbalertError
from nbalert.message import Source

if TYPE_CHECKING:
    from nbalert.line import Frame

CODE_CHARS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A cell, a block or a command, from its begin to its end.

    Args:
        title: What its messages are called.
        channels: Names; an empty name is the default channel.
        code: What runs; the courier gets its beginning.
        topic: What handlers subscribe to.
        mention: Ids of people to notify should its process die.
        who: What it would die with: a `kernel`, or a `process`.
        every_s: How often the courier is to say how far it is; 0 is never.
        after_s: Not before it has run for so long.
        started_at: Seconds since the epoch.
    """

    title: str
    channels: Sequence[str]
    source: Source
    code: str = ""
    topic: str = ""
    mention: Sequence[str] = ()
    who: str = "process"
    every_s: float = 0.0
    after_s: float = 0.0
    started_at: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: uuid4().hex)

    def begin(self, client: Client) -> None:
        """It runs from now on."""
        with suppress(NbalertError):  # whoever sends something says what is wrong
            _ = client.in_force  # the courier hears what has changed
        client.under_way.begin(self.id, self._told(), CODE_CHARS)

    def end(self, client: Client) -> None:
        """It has ended, in whatever way."""
        client.under_way.end(self.id)

    @property
    def continued(self) -> str:
        """What a message about its end goes on with: its id where its progress is shown."""
        return self.id if self.every_s else ""

    def _told(self) -> Frame:
        return {
            "title": self.title,
            "channels": list(self.channels),
            "code": self.code,
            "output": "",
            "who": self.who,
            "source": asdict(self.source),
            "topic": self.topic,
            "mention": list(self.mention),
            "started_at": self.started_at,
            "every_s": self.every_s,
            "after_s": self.after_s,
        }
