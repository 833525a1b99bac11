"""Slack by hand: the Web API and incoming webhooks as documented, over a real socket; Socket Mode beside it.

Each request is checked against the schemas of Slack's own types, and what they do not say against its limits.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self
from urllib.parse import parse_qsl

from tests.chat_servers import slack_rules
from tests.chat_servers.schemas import faults
from tests.chat_servers.slack_methods import METHODS, Caller
from tests.chat_servers.slack_push import Link, Push
from tests.chat_servers.slack_workspace import BOT, CHANNEL, Refusal, Said, Workspace
from tests.chat_servers.webhook import LOST, Answer, Request, Webhook, status

TOKEN, APP_TOKEN = "xoxb-secret-token", "xapp-secret-token"
SCOPES = [
    "chat:write",
    "files:write",
    "channels:history",
    "reactions:read",
    "reactions:write",
    "users:read",
    "channels:read",
]
_JSON = (
    "chat.postMessage",
    "chat.update",
    "chat.postEphemeral",
    "reactions.add",
    "files.completeUploadExternal",
)
"""Methods that take JSON as well; all take forms."""
_TYPED = {"limit": int, "length": int}
_BOOLEAN = ("full", "include_all_metadata", "unfurl_links", "unfurl_media")


class Slack(Workspace):
    """A workspace that is served. Use as a context manager.

    Methods named like what people do are called from the tests' thread.
    """

    def __init__(self) -> None:
        super().__init__()
        self.http = Webhook(self._answer)
        self.push = Push(self.http._loop)
        self.scopes = list(SCOPES)
        self.tokens = {TOKEN, APP_TOKEN}
        self.calls: list[tuple[str, Said]] = []
        """Method and arguments of each call that had a good token, oldest first."""
        self.waits = True
        """Whether what people do ends when it has been heard."""
        self.wrong: list[str] = []
        """What was wrong with requests: nobody is to send such."""
        self._planned: dict[str, deque[Answer]] = defaultdict(deque)

    def __enter__(self) -> Self:
        self.http.__enter__()
        self.push.run(self.push.up())
        return self

    def __exit__(self, *exc: object) -> None:
        self.push.run(self.push.down())
        self.http.__exit__()
        assert self.wrong == [] or exc[0], self.wrong

    @property
    def base_url(self) -> str:
        """Of the Web API."""
        return self.http.url.replace("secret-path", "api/")

    @property
    def hook_url(self) -> str:
        """Of an incoming webhook."""
        return self.http.url.replace("secret-path", "services/T1/B1/secret")

    def values(self, **more: Any) -> Said:
        """Settings of a channel that is here."""
        return {
            "kind": "slack",
            "token": TOKEN,
            "channel": CHANNEL,
            "base_url": self.base_url,
            "poll": 0.2,
            **more,
        }

    def plan(self, method: str, *answers: Answer) -> None:
        """What to do with the next calls of a method, one each."""
        self._planned[method].extend(answers)

    def limit(self, method: str, retry_after_s: float) -> None:
        """The next call of a method is one too many."""
        body = b'{"ok":false,"error":"ratelimited"}'
        self.plan(method, Answer(429, (("Retry-After", str(retry_after_s)),), body))

    def made(self, method: str) -> list[Said]:
        """Arguments of each call of a method, oldest first."""
        with self.lock:
            return [arguments for name, arguments in self.calls if name == method]

    def until(self, finds: Callable[[], Any], timeout_s: float = 30) -> Any:
        """Wait until something is found; that."""
        deadline = time.monotonic() + timeout_s
        while True:
            with self.lock:
                if found := finds():
                    return found
            assert time.monotonic() < deadline, f"it did not come to that; calls: {self.calls[-10:]}"
            time.sleep(0.01)

    def question(self, title: str) -> Said:
        """The message with that title, once it is there and can be answered."""

        def find() -> Said | None:
            found = [said for said in self.top() if title in slack_rules.shown(said["blocks"])]
            return found[-1] if found and "reject" in slack_rules.shown(found[-1]["blocks"]).lower() else None

        found: Said = self.until(find)
        return found

    def say(self, user: str, text: str, ts: str = "", channel: str = CHANNEL, **more: Any) -> Said:
        """Somebody writes, in a thread or outside; `to` names the connection that is told."""
        to = more.pop("to", None)
        thread = {"thread_ts": ts} if ts else {}
        said = self.add(channel, {"type": "message", "user": user, "text": text, **thread, **more})
        self.tell({**said, "channel": channel, "event_ts": said["ts"]}, to)
        return said

    def edit(self, said: Said, text: str, channel: str = CHANNEL) -> None:
        """Somebody edits their message."""
        with self.lock:
            before = dict(said)
            said |= {"text": text, "edited": {"user": said["user"], "ts": self.now()}}
        event = {"type": "message", "subtype": "message_changed", "channel": channel, "event_ts": self.now()}
        self.tell({**event, "message": dict(said), "previous_message": before})

    def react(self, user: str, ts: str, name: str, channel: str = CHANNEL) -> None:
        """Somebody reacts to a message."""
        with self.lock, suppress(Refusal):  # a second time there is nothing to click on
            self.add_reaction(self.find(channel, ts), user, name)
        item = {"type": "message", "channel": channel, "ts": ts}
        self.tell(
            {"type": "reaction_added", "user": user, "reaction": name, "item": item, "event_ts": self.now()}
        )

    def click(self, user: str, said: Said, label: str, to: Link | None = None, times: int = 1) -> bool:
        """Somebody clicks a button; whether that was acknowledged in time."""
        with self.lock:
            button = slack_rules.buttons(said["blocks"])[label]
        action = {**button, "type": "button", "action_ts": self.now(), "block_id": "b"}
        payload = {
            "type": "block_actions",
            "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": "T1"},
            "team": {"id": "T1", "domain": "nb"},
            "container": {"type": "message", "message_ts": said["ts"], "channel_id": CHANNEL},
            "channel": {"id": CHANNEL, "name": "alerts"},
            "message": dict(said),
            "actions": [action],
        }
        return self.push.send("interactive", payload, to=to, times=times, waits=self.waits)

    def tell(self, event: Said, to: Link | None = None) -> None:
        """What happens is pushed, if anybody is connected."""
        payload = {"type": "event_callback", "event_id": f"Ev{self.now()}", "team_id": "T1", "event": event}
        if self.push.links:
            self.push.send("events_api", payload, to=to, waits=self.waits)

    def _answer(self, request: Request) -> Answer:
        path = request.path.partition("?")[0]
        with self.lock:
            if path.startswith("/services/"):
                return self._hook(request)
            if path.startswith("/upload/"):
                self.files[path.removeprefix("/upload/")]["data"] = request.body
                return Answer(body=f"OK - {len(request.body)}".encode())
            method = path.removeprefix("/api/")
            if self._planned[method]:
                planned = self._planned[method].popleft()
                return replace(self._call(method, request), mischief="lost") if planned is LOST else planned
            return self._call(method, request)

    def _call(self, method: str, request: Request) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            body = self._checked(method, token, request)
        except Refusal as refusal:
            body = {"ok": False, "error": refusal.code, **refusal.more}
        scopes = ("X-OAuth-Scopes", ",".join(self.scopes))
        return Answer(headers=(scopes, ("Content-Type", "application/json")), body=json.dumps(body).encode())

    def _checked(self, method: str, token: str, request: Request) -> Said:
        if method not in METHODS:
            raise Refusal("unknown_method")
        if token not in self.tokens:
            raise Refusal("invalid_auth" if token else "not_authed")
        does, scopes, schema = METHODS[method]
        if token.startswith("xapp-") != (method == "apps.connections.open"):
            raise Refusal("not_allowed_token_type")
        if scopes and not set(self.scopes) & set(scopes.split()):
            raise Refusal("missing_scope", needed=scopes.split()[0], provided=",".join(self.scopes))
        arguments = _arguments(method, request)
        if found := faults(schema, arguments):
            self.wrong += [f"{method}: {one}" for one in found]
            raise Refusal("invalid_arguments", response_metadata={"messages": found})
        self.calls.append((method, arguments))
        return {"ok": True, **does(Caller(self, BOT), arguments)}

    def _hook(self, request: Request) -> Answer:
        try:
            arguments = json.loads(request.body)
        except ValueError:
            return Answer(400, body=b"invalid_payload")
        if not request.path.endswith("/secret"):
            return Answer(404, body=b"no_service")
        self.wrong += [
            f"webhook: {f}" for f in faults("slack_PostMessage", {"channel": CHANNEL, **arguments})
        ]
        if code := slack_rules.fault_of(arguments):
            return Answer(400, body=code.encode())
        if not self.tokens:
            return status(403)
        said = {"type": "message", "bot_id": "BHOOK", "subtype": "bot_message", **arguments}
        self.add(CHANNEL, {**said, "notified": slack_rules.notified(arguments)})
        return Answer(headers=(("Content-Type", "text/html"),), body=b"ok")


def _arguments(method: str, request: Request) -> Said:
    if "json" in request.headers.get("content-type", ""):
        return dict(json.loads(request.body)) if method in _JSON else {}
    form = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=bool(request.body)))
    return {name: _typed(name, value) for name, value in form.items()}


def _typed(name: str, value: str) -> Any:
    """A form has text only; what is no text in the types is JSON in it."""
    if name in _TYPED:
        return _TYPED[name](value)
    if name in _BOOLEAN:
        return value in ("1", "true")
    return json.loads(value) if name in ("blocks", "attachments", "metadata", "files") else value
