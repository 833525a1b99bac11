"""An ntfy server on this machine, written from its documentation and its table of errors.

Follows "Publishing", "Subscribe via API" and the error table of 2025-07-13, and for `sequence_id` "Updating +
deleting notifications" of 2.16.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import threading
import time
from base64 import b64decode
from collections import deque
from collections.abc import AsyncGenerator
from email.header import decode_header
from fnmatch import fnmatch
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.chat_servers.webhook import Answer, Request, Webhook

Message = dict[str, Any]
TOPIC = r"[-_A-Za-z0-9]{1,64}"
_PUBLISHED = {
    *("topic", "title", "message", "priority", "tags", "click", "actions", "markdown", "sequence_id"),
}
_PRIORITIES = {"min": 1, "low": 2, "default": 3, "high": 4, "max": 5, "urgent": 5}


class Refused(Exception):
    """An error of the server, by its code."""

    def __init__(self, code: int, error: str) -> None:
        super().__init__(error)
        self.code, self.error = code, error


class Ntfy:
    """The server. Use as a context manager.

    Args:
        has_updates: Whether it is 2.16 or newer, which knows `sequence_id`.
        burst: Requests a visitor may make at once; one more every five seconds.
        file_bytes: Of an attachment; 0 takes none.
    """

    def __init__(self, *, has_updates: bool = True, burst: int = 60, file_bytes: int = 15 * 2**20) -> None:
        self.has_updates, self.file_bytes = has_updates, file_bytes
        self.token = "tk_secret-token"
        self.closed: list[tuple[str, str]] = []
        """(`anonymous` or `account`, pattern of topics) of what is forbidden to read or write."""
        self.quota_left = 10**6
        self.messages: list[Message] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        self.faults: list[str] = []
        self.news = threading.Condition(threading.RLock())
        self.http = Webhook(self._answer)
        self.burst, self._times = burst, deque[float]()
        self._ids = itertools.count(1)
        self._streams: list[tuple[list[str], asyncio.Queue[Message | None], asyncio.AbstractEventLoop]] = []
        self.subscribed: list[list[str]] = []
        """Topics of each stream that was opened."""

    def __enter__(self) -> Self:
        self.http.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.__exit__(*exc)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.http.port}"

    @property
    def values(self) -> dict[str, Any]:
        """Settings of a channel that bob and carol may answer on."""
        return {
            **{"kind": "ntfy", "base_url": self.url, "token": self.token, "topic": "team-secret"},
            "topics": {name: f"{name}-secret" for name in ("ann", "bob", "carol")},
            "approvers": ["bob", "carol"],
        }

    def on(self, topic: str) -> list[Message]:
        """As an app shows it: of messages of one sequence the newest, in the place of the first."""
        shown: dict[str, Message] = {}
        with self.news:
            for message in self.messages:
                if message["topic"] == topic:
                    shown[message.get("sequence_id") or message["id"]] = message
        return list(shown.values())

    def until(self, holds: Any, timeout_s: float = 30) -> Any:
        """Wait until something is so; what it then is."""
        deadline = time.monotonic() + timeout_s
        with self.news:
            while not (found := holds()):
                assert time.monotonic() < deadline, f"it did not come to that; messages: {self.messages}"
                self.news.wait(0.1)
            return found

    def press(self, message: Message, label: str) -> Message:
        """Press a button, as an app does: without anybody's account."""
        (action,) = (one for one in message["actions"] if one["label"] == label)
        assert (action["action"], action["method"]) == ("http", "POST")
        headers = {name.lower(): value for name, value in action["headers"].items()}
        return self.send(urlsplit(action["url"]).path[1:], action["body"], headers)

    def send(self, topic: str, text: str, headers: dict[str, str] | None = None) -> Message:
        """Publish as anybody can."""
        request = Request("POST", f"/{topic}", headers or {}, text.encode())
        with self.news:
            return self._put(topic, request)

    def cut(self) -> None:
        """End all streams."""
        with self.news:
            for _, queue, loop in self._streams:
                loop.call_soon_threadsafe(queue.put_nowait, None)

    def _answer(self, request: Request) -> Answer:
        try:
            with self.news:
                self._count()
                return self._route(request)
        except Refused as refused:
            status = refused.code // 100
            if status in (400, 413) and refused.code not in (40014, 41301):
                self.faults.append(f"{refused.code}: {refused.error}")
            return _json({"code": refused.code, "http": status, "error": refused.error}, status)

    def _route(self, request: Request) -> Answer:
        url = urlsplit(request.path)
        if request.method == "GET" and url.path == "/v1/account":
            self._who(request)
            return _json({"username": "nbalert" if request.headers.get("authorization") else "*"})
        if request.method == "GET" and re.fullmatch(rf"/{TOPIC}(,{TOPIC})*/json", url.path):
            topics = url.path[1:].removesuffix("/json").split(",")
            for topic in topics:
                self._may(request, topic)
            return self._read(topics, parse_qs(url.query))
        if request.method == "POST" and url.path == "/":
            if len(request.body) > 8192:
                raise Refused(41303, "JSON body too large")
            given = json.loads(request.body)
            if unknown := given.keys() - _PUBLISHED:
                self.faults.append(f"unknown fields {unknown}")
            self._may(request, given["topic"])
            return _json(
                self._published({**_parameters(request), **given}, given.get("message", "").encode())
            )
        if request.method in ("PUT", "POST") and re.fullmatch(rf"/{TOPIC}", url.path):
            self._may(request, url.path[1:])
            return _json(self._put(url.path[1:], request))
        raise Refused(40401, "page not found")

    def _put(self, topic: str, request: Request) -> Message:
        given = _parameters(request)
        file, text = given.pop("filename", ""), given.pop("message", "").replace("\\n", "\n")
        given["topic"] = topic
        if not file:
            return self._published(given, request.body)
        if not self.file_bytes:
            raise Refused(40014, "invalid request: attachments not allowed")
        if len(request.body) > self.file_bytes:
            raise Refused(41301, "attachment too large, or bandwidth limit reached")
        message = self._published(given, (text or f"You received a file: {file}").encode())
        message["attachment"] = {"name": file, "size": len(request.body)}
        self.files[message["id"]] = file, request.body
        return message

    def _published(self, given: Message, text: bytes) -> Message:
        if len(text) > 4096:
            raise Refused(41301, "the text is too long, and would become an attachment")
        if not re.fullmatch(TOPIC, given["topic"]):
            raise Refused(40009, "invalid request: topic invalid")
        if not 1 <= given.get("priority", 3) <= 5:
            raise Refused(40007, "invalid priority parameter")
        _check_actions(given.get("actions", []))
        if self.quota_left <= 0:
            raise Refused(42908, "limit reached: daily message quota reached")
        self.quota_left -= 1
        fixed = {"id": f"m{next(self._ids):011}", "time": int(time.time()), "event": "message"}
        message = {**given, **fixed, "message": text.decode().strip() or "triggered"}
        if not self.has_updates:
            message.pop("sequence_id", None)
        self.messages.append(message)
        for topics, queue, loop in self._streams:
            if message["topic"] in topics:
                loop.call_soon_threadsafe(queue.put_nowait, message)
        self.news.notify_all()
        return message

    def _read(self, topics: list[str], query: dict[str, list[str]]) -> Answer:
        past = (
            [m for m in self.messages if m["topic"] in topics] if "since" in query or "poll" in query else []
        )
        if "poll" in query:
            return Answer(body=b"".join(map(_line, past)))
        self.subscribed.append(topics)

        async def lines() -> AsyncGenerator[bytes, None]:
            queue: asyncio.Queue[Message | None] = asyncio.Queue()
            entry = topics, queue, asyncio.get_running_loop()
            with self.news:
                known = [m for m in self.messages if m["topic"] in topics and m not in past]
                self._streams.append(entry)
            try:
                yield _line({"id": "o", "time": 0, "event": "open", "topic": ",".join(topics)})
                for message in (*past, *known):
                    yield _line(message)
                while (new := await queue.get()) is not None:
                    yield _line(new)
            finally:
                with self.news:
                    self._streams.remove(entry)

        return Answer(stream=lines, body=b"")

    def _who(self, request: Request) -> str:
        given = request.headers.get("authorization", "")
        basic = given.startswith("Basic ") and b64decode(given[6:]).decode() == f"ann:{self.token}"
        if given and not basic and given != f"Bearer {self.token}":
            raise Refused(40101, "unauthorized")
        return "account" if given else "anonymous"

    def _may(self, request: Request, topic: str) -> None:
        who = self._who(request)
        if any(who == one and fnmatch(topic, pattern) for one, pattern in self.closed):
            raise Refused(40301, "forbidden")

    def _count(self) -> None:
        now = time.monotonic()
        while self._times and now - self._times[0] > 5 * self.burst:
            self._times.popleft()
        if len(self._times) >= self.burst:
            raise Refused(42901, "limit reached: too many requests")
        self._times.append(now)


def _check_actions(actions: list[Message]) -> None:
    if len(actions) > 3:
        raise Refused(40018, "invalid request: actions invalid; only 3 actions allowed")
    for one in actions:
        if one["action"] not in ("view", "http", "broadcast") or not one.get("label") or not one.get("url"):
            raise Refused(40018, "invalid request: actions invalid")


def _parameters(request: Request) -> Message:
    """What headers, and the query, say of a message."""
    query = parse_qs(urlsplit(request.path).query)
    said = {name.removeprefix("x-"): _decoded(value) for name, value in request.headers.items()}
    said |= {name: values[0] for name, values in query.items()}
    given: Message = {name: said[name] for name in ("title", "message", "click", "filename") if name in said}
    given |= {"tags": said["tags"].split(",")} if "tags" in said else {}
    given |= {"sequence_id": said["sequence-id"]} if "sequence-id" in said else {}
    given |= {"actions": json.loads(said["actions"])} if "actions" in said else {}
    if "priority" in said:
        given["priority"] = _PRIORITIES.get(said["priority"]) or int(said["priority"])
    return given


def _decoded(value: str) -> str:
    return "".join(
        part if isinstance(part, str) else part.decode(charset or "latin-1")
        for part, charset in decode_header(value)
    )


def _line(message: Message) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _json(body: Any, status: int = 200) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
