"""A chat of files, and the channel class for it as a notebook would have it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from nbalert.policy import Reply
from tests.processes import settings_file, wait_until

CLASS = """
import asyncio, json, pathlib, threading
import nbalert
from nbalert.fields import Secret

VERSION = "1"

class FileSettings(nbalert.ChannelSettings):
    folder: pathlib.Path
    token: Secret | None = None
    username: str = "bot"

@nbalert.register
class FileChat(nbalert.Channel):
    kind = "files"
    Settings = FileSettings
    can_reply = True

    def write(self, *values):
        values = [VERSION, threading.current_thread().name, *values]
        with (self.settings.folder / "posts").open("a") as file:
            file.write(json.dumps(values) + "\\n")

    async def post(self, message, key):
        trouble = self.settings.folder / "trouble"
        if trouble.exists():
            code = trouble.read_text()
            if not code.startswith("keep"):
                trouble.unlink()
            self.write("tries", key, message.title)
            token = self.settings.token and self.settings.token.get_secret_value()
            if "hang" in code:
                await asyncio.sleep(3600)
            raise eval(code)
        self.write("posts", key, message.title, self.settings.username)
        return nbalert.Receipt(channel=self.name, reference=key)

    async def update(self, receipt, message):
        self.write("updates", receipt.reference, message.decision.outcome)

    async def replies(self, question, receipt):
        self.write("listens", receipt.reference, question.text)
        known = set()
        while True:
            for path in set(self.settings.folder.glob("*.reply")) - known:
                known.add(path)
                yield nbalert.Reply.from_json(json.loads(path.read_text()))
            await asyncio.sleep(0.02)

    async def respond(self, receipt, reply, text):
        self.write("responds", receipt.reference, f"{reply.person}: {text}")

    async def remind(self, receipt, message, key):
        self.write("reminds", receipt.reference, " ".join([message.title, *message.mention]))

    async def problems(self):
        found = self.settings.folder / "problems"
        return found.read_text().splitlines() if found.exists() else []

    async def aclose(self):
        self.write("closes", "", "")
"""
"""Registers `FileChat` and does what a file `trouble` says."""


class Written(NamedTuple):
    """One line of the chat: which class wrote it, on which thread, and what."""

    version: str
    thread: str
    does: str
    key: str
    what: str


class FileChat:
    """The chat's folder.

    Args:
        folder: Of a project, which gets a channel `mine` of kind `files`.
    """

    def __init__(self, folder: Path, more: str = "") -> None:
        self.project = folder
        self.folder = folder / "chat"
        self.folder.mkdir(parents=True)
        table = f'[channels.mine]\nkind = "files"\nfolder = "{self.folder}"\n'
        settings_file(folder, f'{table}approvers = ["bob"]\nallow_self = true\n{more}')

    def trouble(self, code: str) -> None:
        """The next post hangs, or raises what this expression gives; with `keep` in front every one."""
        self._put("trouble", code)

    def lacks(self, lines: str) -> None:
        """What keeps it from working, from now on."""
        self._put("problems", lines)

    def calm(self) -> None:
        """No more trouble."""
        (self.folder / "trouble").unlink()

    def answer(self, text: str, reference: str = "r1", person: str = "bob") -> None:
        """Somebody answers whatever is asked."""
        reply = Reply(reference=reference, person=person, text=text, at=datetime.now(UTC))
        self._put(f"{reference}.reply", json.dumps(reply.to_json()))

    def written(self, does: str) -> list[Written]:
        """What the class has done so far, oldest first."""
        posts = self.folder / "posts"
        lines = posts.read_text().splitlines() if posts.exists() else []
        found = [Written(*json.loads(line)[:5]) for line in lines]
        return [one for one in found if one.does == does]

    @property
    def titles(self) -> list[str]:
        """What was posted."""
        return [one.what for one in self.written("posts")]

    def until(self, does: str, count: int = 1) -> list[Written]:
        """Wait until it has done that so often."""
        wait_until(lambda: len(self.written(does)) >= count, 40)
        return self.written(does)

    def _put(self, name: str, text: str) -> None:
        half = self.folder / f".{name}"
        half.write_text(text)
        half.rename(self.folder / name)
