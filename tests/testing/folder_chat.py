"""A chat that is a folder, as somebody would write it who tries out the contract suite."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from nbalert import Channel, ChannelSettings, Message, Question, Receipt, Reply
from nbalert.testing import Row, Seen, seen_of


class FolderSettings(ChannelSettings):
    """Where."""

    folder: Path = Field(description="Folder of the chat")


class FolderChat(Channel):
    """A file a message, a file an answer."""

    kind: ClassVar[str] = "folder"
    Settings: ClassVar[type[ChannelSettings]] = FolderSettings
    can_reply: ClassVar[bool] = True
    settings: FolderSettings

    async def post(self, message: Message, key: str) -> Receipt:
        """By its key: what comes again takes its own place."""
        known = list(self.settings.folder.glob(f"*-{key}.json"))
        number = len(list(self.settings.folder.glob("*-*.json")))
        place = known[0] if known else self.settings.folder / f"{number:04}-{key}.json"
        place.write_text(json.dumps(message.to_json()))
        return Receipt(channel=self.name, reference=place.name)

    async def update(self, receipt: Receipt, message: Message) -> None:
        """In its place."""
        (self.settings.folder / receipt.reference).write_text(json.dumps(message.to_json()))

    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """Looked for."""
        known: set[Path] = set()
        while True:
            for path in sorted(set(self.settings.folder.glob(f"{receipt.reference}.*")) - known):
                known.add(path)
                yield Reply.from_json(json.loads(path.read_text()))
            await asyncio.sleep(0.01)


class FolderRow(Row):
    """Its place in the suite."""

    channel = FolderChat
    ways = ("reply",)
    vexations = ("stranger",)

    def values(self) -> dict[str, Any]:
        """Its folder."""
        return {"folder": self.folder}

    def seen(self) -> list[Seen]:
        """In order of the files."""
        paths = sorted(self.folder.glob("*-*.json"))
        return [seen_of(Message.from_json(json.loads(path.read_text()))) for path in paths]

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """A file, which is there at once or not."""
        number = len(list(self.folder.glob(f"{receipt.reference}.*")))
        reply = Reply(reference=f"r{number}", person=person, text=text, at=datetime.now(UTC))
        half = self.folder / "half"
        half.write_text(json.dumps({**asdict(reply), "at": reply.at.isoformat()}))
        half.rename(self.folder / f"{receipt.reference}.{number}")

    def vex(self, how: str, receipt: Receipt) -> None:
        """Somebody else."""
        self.answer(receipt, "mallory", "approve", "reply")
