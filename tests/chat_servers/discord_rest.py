"""Discord's REST API v10, as far as a bot that alerts and asks uses it; also webhooks and clicks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.chat_servers import discord_world as world
from tests.chat_servers.discord_forms import answered, read
from tests.chat_servers.discord_rules import Limits, Refused, check, check_message
from tests.chat_servers.discord_world import Click, World
from tests.chat_servers.webhook import Answer, Request

PREFIX = "/api/v10"
EPHEMERAL = 64

Given = tuple[dict[str, Any], dict[str, bytes], dict[str, str]]
"""Body, files and query of a request."""


class Rest:
    """Answers requests.

    Args:
        kept: What the server keeps.
        limits: Rate limits.
        gateway: What `GET /gateway/bot` answers.
    """

    def __init__(self, kept: World, limits: Limits, gateway: Callable[[], dict[str, Any]]) -> None:
        self._world, self.limits, self._gateway = kept, limits, gateway
        self.faults: list[str] = []
        """What requests were refused for with 50035: an adapter that keeps to the rules causes none."""

    def __call__(self, request: Request) -> Answer:
        """Count it, look it up, do it."""
        url = urlsplit(request.path)
        path = url.path.removeprefix(PREFIX)
        headers, wait_s, is_global = self.limits.count(f"{request.method} {_bucket(path)}")
        if wait_s > 0:
            body = {"message": "You are being rate limited.", "retry_after": wait_s, "global": is_global}
            headers |= {"Retry-After": str(max(1, round(wait_s)))}
            return answered(429, body, headers)
        try:
            with self._world.lock:
                status, body = self._route(request, path, dict(parse_qsl(url.query)))
        except Refused as refused:
            if refused.body["code"] == 50035:
                self.faults.append(json.dumps(refused.body))
            status, body = refused.status, refused.body
        return answered(status, body, headers)

    def _route(self, request: Request, path: str, query: dict[str, str]) -> tuple[int, Any]:
        for method, pattern, needs_token, name in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                if needs_token and request.headers.get("authorization") != f"Bot {self._world.token}":
                    raise Refused(401, 0, "401: Unauthorized")
                ids = [unquote(part) for part in found.groups()]
                return getattr(self, name)(*ids, given=(*read(request), query))  # type: ignore[no-any-return]
        raise Refused(404, 0, "404: Not Found")

    # Channels and messages

    def _create(self, channel: str, given: Given) -> tuple[int, Any]:
        body, files, _ = given
        self._may(channel, world.VIEW | world.SEND | (world.ATTACH if files else 0))
        self._check("CreateMessage", body)
        check_message(body, files)
        key = str(body.get("nonce", ""))
        if key and body.get("enforce_nonce") and key in self._world.nonces:
            return 200, self._world.shown(self._world.nonces[key])
        message = self._world.add(channel, world.BOT, body, files)
        if key:
            self._world.nonces[key] = message["id"]
        return 200, {**message, "nonce": key}

    def _edit(self, channel: str, id_: str, given: Given) -> tuple[int, Any]:
        body, files, _ = given
        message = self._message(channel, id_)
        if message["author"]["id"] != world.BOT:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        self._check("EditMessage", body)
        check_message(body, files, is_edit=True)
        return 200, self._world.change(id_, body, files)

    def _one(self, channel: str, id_: str, given: Given) -> tuple[int, Any]:
        self._may(channel, world.VIEW | world.HISTORY)
        self._message(channel, id_)
        return 200, self._readable(self._world.shown(id_))

    def _list(self, channel: str, given: Given) -> tuple[int, Any]:
        query = given[2]
        self._may(channel, world.VIEW)
        self._check("ListMessagesQuery", {**query, "limit": int(query.get("limit", "50"))})
        after, limit = int(query.get("after", "0")), int(query.get("limit", "50"))
        found = [
            m for m in self._world.messages.values() if m["channel_id"] == channel and int(m["id"]) > after
        ]
        oldest = sorted(found, key=lambda m: int(m["id"]))[:limit]
        readable = self._world.rights & world.HISTORY
        return 200, [self._readable(self._world.shown(m["id"])) for m in reversed(oldest)] if readable else []

    def _react(self, channel: str, id_: str, emoji: str, given: Given) -> tuple[int, Any]:
        self._may(channel, world.VIEW | world.HISTORY | world.REACT)
        self._message(channel, id_)
        self._world.react(world.BOT, id_, emoji)
        return 204, None

    def _unreact(self, channel: str, id_: str, emoji: str, given: Given) -> tuple[int, Any]:
        self._message(channel, id_)
        people = self._world.reactions.get((id_, emoji), [])
        if world.BOT in people:
            people.remove(world.BOT)
        return 204, None

    def _reacted(self, channel: str, id_: str, emoji: str, given: Given) -> tuple[int, Any]:
        query = given[2]
        self._may(channel, world.VIEW | world.HISTORY)
        self._message(channel, id_)
        self._check("GetReactionsQuery", {k: int(v) if k == "limit" else v for k, v in query.items()})
        people = sorted(self._world.reactions.get((id_, emoji), ()), key=int)
        after = [one for one in people if int(one) > int(query.get("after", "0"))]
        return 200, [world.user(one) for one in after[: int(query.get("limit", "25"))]]

    # What there is

    def _channel(self, channel: str, given: Given) -> tuple[int, Any]:
        self._may(channel, world.VIEW)
        kind = 11 if channel in self._world.threads else 0
        return 200, world.channel(channel, kind)

    def _guild(self, guild: str, given: Given) -> tuple[int, Any]:
        everyone = {"id": guild, "name": "@everyone", "permissions": "0"}
        role = {"id": world.ROLE, "name": "nbalert", "permissions": str(self._world.rights)}
        return 200, {"id": guild, "name": "guild", "owner_id": "1", "roles": [everyone, role]}

    def _member(self, guild: str, person: str, given: Given) -> tuple[int, Any]:
        return 200, {"user": world.user(person), **world.member(), "roles": [world.ROLE]}

    def _listed(self, guild: str, given: Given) -> tuple[int, Any]:
        if not self._world.flags & world.MEMBERS_FLAG:
            raise Refused(403, 50001, "Missing Access")
        people = sorted(world.NAMES, key=int)[: int(given[2].get("limit", "1"))]
        return 200, [{"user": world.user(one), **world.member(), "nick": None} for one in people]

    def _me(self, given: Given) -> tuple[int, Any]:
        return 200, world.user(world.BOT)

    def _application(self, given: Given) -> tuple[int, Any]:
        kept = self._world
        return 200, {
            "id": world.APP,
            "name": "nbalert",
            "flags": kept.flags,
            "interactions_endpoint_url": kept.endpoint,
            **{"icon": None, "description": "", "bot_public": False, "bot_require_code_grant": False},
            **{"verify_key": "", "owner": world.user(world.ANN), "team": None},
        }

    def _gateway_bot(self, given: Given) -> tuple[int, Any]:
        return 200, self._gateway()

    # Clicks

    def _callback(self, id_: str, token: str, given: Given) -> tuple[int, Any]:
        body = given[0]
        click = self._world.clicks.get(id_)
        if click is None or click.token != token or time.monotonic() - click.at > self._world.late_after_s:
            raise Refused(404, 10062, "Unknown interaction")
        if click.answer is not None:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        self._check("InteractionCallback", body)
        click.answer = body
        data = body.get("data", {})
        if body["type"] == 4:
            self._tell(click, data)
        elif body["type"] == 7:
            check_message(data, {}, is_edit=True)
            self._world.change(click.message["id"], data, {})
        if given[2].get("with_response") in ("1", "true"):
            return 200, {"interaction": {"id": id_, "type": 3}}
        return 204, None

    def _hook_or_followup(self, id_: str, token: str, given: Given) -> tuple[int, Any]:
        if id_ == world.APP:
            return self._followup(token, given)
        body, files, query = given
        self._hook(id_, token)
        self._check("WebhookExecute", body)
        self._check(
            "WebhookExecuteQuery", {**query, **({"wait": True} if query.get("wait") == "true" else {})}
        )
        check_message(body, files)
        if body.get("components"):
            raise Refused(400, 50035, "Invalid Form Body: components need an application's webhook")
        message = self._world.add(world.CHANNEL, world.HOOK, body, files)
        return (200, message) if query.get("wait") == "true" else (204, None)

    def _followup(self, token: str, given: Given) -> tuple[int, Any]:
        click = next((c for c in self._world.clicks.values() if c.token == token), None)
        if click is None or click.answer is None:
            raise Refused(404, 10015, "Unknown Webhook")
        self._check("InteractionFollowup", given[0])
        self._tell(click, given[0])
        said = world.blank(self._world.snowflake(), click.message["channel_id"], world.BOT)
        return 200, {**said, "content": given[0].get("content", ""), "webhook_id": world.APP}

    def _hook_edit(self, id_: str, token: str, message: str, given: Given) -> tuple[int, Any]:
        self._hook(id_, token)
        body, files, _ = given
        self._message(world.CHANNEL, message)
        self._check("WebhookEditMessage", body)
        check_message(body, files, is_edit=True)
        return 200, self._world.change(message, body, files)

    def _hook_there(self, id_: str, token: str, given: Given) -> tuple[int, Any]:
        self._hook(id_, token)
        return 200, {"id": id_, "type": 1, "channel_id": world.CHANNEL, "token": token}

    # Who may

    def _may(self, channel: str, rights: int) -> None:
        if not self._world.has_channel(channel):
            raise Refused(404, 10003, "Unknown Channel")
        missing = rights & ~self._world.rights
        if missing & world.VIEW:
            raise Refused(403, 50001, "Missing Access")
        if missing:
            raise Refused(403, 50013, "Missing Permissions")

    def _message(self, channel: str, id_: str) -> dict[str, Any]:
        message = self._world.messages.get(id_)
        if message is None or message["channel_id"] != channel:
            raise Refused(404, 10008, "Unknown Message")
        return message

    def _hook(self, id_: str, token: str) -> None:
        if id_ != world.HOOK:
            raise Refused(404, 10015, "Unknown Webhook")
        if token != self._world.hook_token:
            raise Refused(401, 50027, "Invalid Webhook Token")

    def _readable(self, message: dict[str, Any]) -> dict[str, Any]:
        return message if self._world.flags & world.CONTENT_FLAG else without_content(message)

    def _check(self, schema: str, body: object) -> None:
        if self._world.is_strict:
            check(schema, body)

    @staticmethod
    def _tell(click: Click, data: dict[str, Any]) -> None:
        if data.get("flags", 0) & EPHEMERAL:
            click.private.append(data["content"])


def without_content(message: dict[str, Any]) -> dict[str, Any]:
    """As a bot without the privileged intent sees it: nothing but of its own, and where it is mentioned."""
    own = message["author"]["id"] == world.BOT or f"<@{world.BOT}>" in message["content"]
    return message if own else {**message, "content": "", "embeds": [], "components": [], "attachments": []}


_C, _M = r"/channels/(\d+)", r"/messages/(\d+)"
_H = r"/webhooks/(\d+)/([^/]+)"
_ROUTES: list[tuple[str, str, bool, str]] = [
    ("POST", f"{_C}/messages", True, "_create"),
    ("PATCH", _C + _M, True, "_edit"),
    ("GET", _C + _M, True, "_one"),
    ("GET", f"{_C}/messages", True, "_list"),
    ("PUT", rf"{_C}{_M}/reactions/([^/]+)/@me", True, "_react"),
    ("DELETE", rf"{_C}{_M}/reactions/([^/]+)/@me", True, "_unreact"),
    ("GET", rf"{_C}{_M}/reactions/([^/]+)", True, "_reacted"),
    ("GET", _C, True, "_channel"),
    ("GET", r"/guilds/(\d+)", True, "_guild"),
    ("GET", r"/guilds/(\d+)/members/(\d+)", True, "_member"),
    ("GET", r"/guilds/(\d+)/members", True, "_listed"),
    ("GET", "/users/@me", True, "_me"),
    ("GET", "(?:/oauth2)?/applications/@me", True, "_application"),
    ("GET", "/gateway/bot", True, "_gateway_bot"),
    ("POST", r"/interactions/(\d+)/([^/]+)/callback", False, "_callback"),
    ("POST", _H, False, "_hook_or_followup"),
    ("PATCH", _H + _M, False, "_hook_edit"),
    ("GET", _H, False, "_hook_there"),
]


def _bucket(path: str) -> str:
    """A route with its channel or hook, without the lesser ids."""
    place = re.match(r"/\w+/\d+", path)
    start = place.end() if place else 0
    return path[:start] + re.sub(r"/reactions/.*", "/reactions", re.sub(r"/\d+", "/id", path[start:]))
