"""Real inboxes for tests: served on a port of their own by a loop in a thread, used over real HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from nbalert.inbox import InboxServer
from nbalert.message import Message
from nbalert.question import Decision, Outcome
from nbalert.testing.questions import question
from tests.loops import LoopThread

__all__ = ["Inbox", "QuickServer", "ended", "events", "post", "put", "question", "reply"]

_T = TypeVar("_T")


class QuickServer(InboxServer):
    """Signs of life, and of death, that a test can wait for."""

    heartbeat_s = 0.1
    send_timeout_s = 0.5


class Inbox:
    """A served inbox. Use as a context manager; `restart` serves the same file anew."""

    def __init__(self, folder: Path, kind: type[InboxServer] = InboxServer, **options: Any) -> None:
        self.database = folder / "home" / "inbox.db"
        self._kind, self._options = kind, options
        self._loop = LoopThread("inbox")
        self._clients: list[httpx.Client] = []

    def __enter__(self) -> Self:
        self._loop.start()
        try:
            self.start()
        except BaseException:
            self._loop.end()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for client in self._clients:
            client.close()
        self.stop()
        self._loop.end()

    def start(self) -> None:
        """Serve."""
        self.server = self._kind(self.database, owner="ann", **self._options)
        self.run(self.server.start())

    def stop(self) -> None:
        """Serve no longer."""
        self.run(self.server.stop())

    def restart(self) -> None:
        """Serve the same file anew."""
        self.stop()
        self.start()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run something on the server's loop."""
        return self._loop.run(work, 30)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    def code(self, name: str, valid_s: float = 120) -> str:
        """A code for a person."""
        return self.server.link(name, valid_s).partition("#code=")[2]

    def client(self, **options: Any) -> httpx.Client:
        """Somebody who is not signed in."""
        self._clients.append(httpx.Client(base_url=self.url, trust_env=False, **options))
        return self._clients[-1]

    def person(self, name: str) -> httpx.Client:
        """Somebody who is signed in, as the page is: with cookie and Origin."""
        client = self.client(headers={"Origin": self.url})
        client.post("/api/session", json={"code": self.code(name)}).raise_for_status()
        return client

    def sender(self, name: str = "courier") -> httpx.Client:
        """A courier."""
        return self.client(headers={"Authorization": f"Bearer {self.server.sender_token(name)}"})

    def wait_for_streams(self, count: int) -> None:
        """Wait until so many streams are open."""
        site = self.server._site
        assert site
        deadline = time.monotonic() + 10
        while len(site.seats) != count:
            assert time.monotonic() < deadline, f"{len(site.seats)} streams are open"
            time.sleep(0.01)


def ended(message: Message, outcome: Outcome, **options: Any) -> Message:
    """The message with its decision."""
    assert message.question
    decision = Decision(
        question_id=message.question.id, outcome=outcome, decided_at=datetime.now(UTC), **options
    )
    return replace(message, decision=decision)


def put(inbox: Inbox, id_: str, message: Message) -> None:
    """Replace a message, as the courier does."""
    body = {"message": message.to_json()}
    inbox.sender().put(f"/api/messages/{id_}", json=body).raise_for_status()


def post(sender: httpx.Client, message: Message, key: str = "key") -> str:
    """Post a message; its id."""
    answer = sender.post("/api/messages", json={"key": key, "message": message.to_json()})
    return str(answer.raise_for_status().json()["id"])


def reply(person: httpx.Client, id_: str, text: str = "approve") -> httpx.Response:
    """Press a button."""
    return person.post(f"/api/messages/{id_}/replies", json={"text": text, "way": "button"})


@contextmanager
def events(client: httpx.Client, path: str, **options: Any) -> Iterator[Iterator[tuple[int, str, Any]]]:
    """Server-sent events as (position, name, data); a comment is (-1, "", None)."""
    headers = {"Accept": "text/event-stream", **options.pop("headers", {})}
    with client.stream("GET", path, headers=headers, timeout=10, **options) as response:
        response.read() if response.is_error else None
        response.raise_for_status()
        yield _parsed(response.iter_lines())


def _parsed(lines: Iterator[str]) -> Iterator[tuple[int, str, Any]]:
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            yield -1, "", None
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "data" in fields:
                yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}
