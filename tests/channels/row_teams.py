"""The row of Teams: a workflow's webhook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.channels.rows import Row, Seen
from tests.chat_servers.teams import Teams, blocks, shown


class TeamsRow(Row):
    """It has no keys, takes no files and brings no answers."""

    kind = "teams"
    has_keys = False
    edits = False
    takes_images = False
    burst = 7

    def __init__(self, teams: Teams) -> None:
        self.teams = teams
        self.server = teams.http

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """A workflow of our own."""
        with Teams() as teams:
            yield cls(teams)

    def values(self) -> dict[str, Any]:
        """Its URL is all."""
        return {"kind": "teams", "url": self.teams.url}

    def seen(self) -> list[Seen]:
        """As the client shows it."""
        return [_seen(card) for card in self.teams.cards]

    def revoke(self) -> None:
        """Its URL is made anew."""
        self.teams.sig = "another-signature"

    def check(self) -> None:
        """No card has failed where nobody is told of it."""
        assert self.teams.faults == []


def _seen(card: dict[str, Any]) -> Seen:
    texts = [text for block in blocks(card["body"]) for text in shown(block)]
    tagged = re.findall(r"<at>(.*?)</at>", " ".join(texts))
    entities = {one["mentioned"]["name"]: one["mentioned"]["id"] for one in card["msteams"]["entities"]}
    return Seen(
        "\n".join(map(rendered, texts)),
        pinged=tuple(entities.get(name, f"broken: {name}") for name in tagged),
    )


def rendered(text: str) -> str:
    """Markup undone: two new lines are one, and a backslash goes before what it escapes."""
    plain = re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text.replace("\n\n", "\n"))
    return plain.replace("\u200b", "").replace("\u00a0", " ")
