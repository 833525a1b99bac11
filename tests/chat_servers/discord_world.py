"""What a Discord server keeps: one guild with its channels, people, messages, clicks and hooks."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

EPOCH_MS = 1420070400000
TOKEN = "bot-token-secret"
HOOK_TOKEN = "hook-token-secret"

GUILD, CHANNEL, OTHER_CHANNEL, HOOK, APP = "1001", "2001", "2002", "3001", "4001"
ROLE = "1101"
BOT, ANN, BOB, CAROL, MALLORY, ROBOT = "4001", "5001", "5002", "5003", "5004", "5005"
NAMES = {BOT: "nbalert", ANN: "ann", BOB: "bob", CAROL: "carol", MALLORY: "mallory", ROBOT: "robot"}

VIEW, SEND, EMBED, ATTACH, HISTORY, REACT, THREADS = (
    *(1 << 10, 1 << 11, 1 << 14, 1 << 15, 1 << 16, 1 << 6),
    1 << 38,
)
ALL_RIGHTS = VIEW | SEND | EMBED | ATTACH | HISTORY | REACT | THREADS
CONTENT_FLAG = 1 << 19
"""GATEWAY_MESSAGE_CONTENT_LIMITED: the intent is switched on, the bot is in few guilds."""
MEMBERS_FLAG = 1 << 15
"""GATEWAY_GUILD_MEMBERS_LIMITED, likewise."""

Emit = Callable[[str, dict[str, Any]], None]


@dataclass
class Click:
    """A press of a button, and what the application did about it."""

    id: str
    token: str
    message: dict[str, Any]
    person: str
    at: float
    answer: dict[str, Any] | None = None
    private: list[str] = field(default_factory=list)
    """What only the person who clicked could read."""


@dataclass
class World:
    """All of it, behind one lock.

    Args:
        rights: Of the bot's role.
        flags: Of the application.
        is_strict: Whether requests have to be of the documented types; the service itself takes more.
        endpoint: Where the application gets its clicks by HTTP, instead of the gateway.
    """

    rights: int = ALL_RIGHTS
    flags: int = CONTENT_FLAG
    is_strict: bool = True
    endpoint: str | None = None
    token: str = TOKEN
    hook_token: str = HOOK_TOKEN
    late_after_s: float = 3.0
    lock: threading.RLock = field(default_factory=threading.RLock)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    pinged: dict[str, list[str]] = field(default_factory=dict)
    reactions: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    threads: set[str] = field(default_factory=set)
    clicks: dict[str, Click] = field(default_factory=dict)
    nonces: dict[str, str] = field(default_factory=dict)
    emit: Emit = lambda name, data: None
    _counter: itertools.count[int] = field(default_factory=itertools.count)

    def snowflake(self) -> str:
        """An id of now; a later one is higher."""
        return str(((int(time.time() * 1000) - EPOCH_MS) << 22) + next(self._counter))

    def has_channel(self, channel: str) -> bool:
        """Also threads."""
        return channel in (CHANNEL, OTHER_CHANNEL) or channel in self.threads

    def add(self, channel: str, author: str, body: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
        """A new message."""
        id_ = self.snowflake()
        message = {
            **blank(id_, channel, author),
            **{k: body[k] for k in ("content", "embeds", "components", "message_reference") if body.get(k)},
            "attachments": [_attachment(self.snowflake(), name, data) for name, data in files.items()],
        }
        if author == HOOK:
            message |= {
                "webhook_id": HOOK,
                "author": {**user(HOOK), "username": body.get("username", "Hook")},
            }
        if "message_reference" in message:
            message["type"] = 19
            message["message_reference"] = {**message["message_reference"], "channel_id": channel}
        self.messages[id_], self.files[id_], self.pinged[id_] = message, files, pings(body)
        self.emit("MESSAGE_CREATE", {**message, "guild_id": GUILD, "member": member()})
        return message

    def change(self, id_: str, body: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
        """A message edited; attachments that are not listed go."""
        message = self.messages[id_]
        message |= {k: body[k] for k in ("content", "embeds", "components") if k in body}
        if "attachments" in body:
            kept = [
                a for a in message["attachments"] if a["id"] in [x.get("id") for x in body["attachments"]]
            ]
            message["attachments"] = kept + [_attachment(self.snowflake(), n, d) for n, d in files.items()]
            self.files[id_] = files
        message["edited_timestamp"] = datetime.now(UTC).isoformat()
        self.emit("MESSAGE_UPDATE", {**message, "guild_id": GUILD, "member": member()})
        return message

    def react(self, person: str, id_: str, emoji: str) -> None:
        """A reaction; a second time nothing."""
        people = self.reactions.setdefault((id_, emoji), [])
        if person in people:
            return
        people.append(person)
        data = {
            "user_id": person,
            "channel_id": self.messages[id_]["channel_id"],
            "message_id": id_,
            "guild_id": GUILD,
            "member": {**member(), "user": user(person)},
            "emoji": {"id": None, "name": emoji},
            "message_author_id": self.messages[id_]["author"]["id"],
            "burst": False,
            "type": 0,
        }
        self.emit("MESSAGE_REACTION_ADD", data)

    def click(self, person: str, id_: str, custom_id: str) -> Click:
        """A press of a button; the application hears of it."""
        message = self.messages[id_]
        click = Click(self.snowflake(), f"click-{next(self._counter)}", message, person, time.monotonic())
        self.clicks[click.id] = click
        self.emit("INTERACTION_CREATE", _interaction(click, custom_id))
        return click

    def shown(self, id_: str) -> dict[str, Any]:
        """A message as REST gives it: with its reactions and its thread."""
        found = {emoji: people for (of, emoji), people in self.reactions.items() if of == id_ and people}
        counted = [
            {
                "emoji": {"id": None, "name": emoji},
                "count": len(people),
                "count_details": {"burst": 0, "normal": len(people)},
                "me": BOT in people,
                "me_burst": False,
                "burst_colors": [],
            }
            for emoji, people in found.items()
        ]
        message = {**self.messages[id_], **({"reactions": counted} if counted else {})}
        if id_ in self.threads:
            message["thread"] = {"id": id_, "type": 11, "name": "thread", "guild_id": GUILD}
        return message


def pings(body: dict[str, Any]) -> list[str]:
    """Who is notified by a message: what its text says, as far as it is allowed."""
    content, allowed = str(body.get("content") or ""), body.get("allowed_mentions")
    parse = ["everyone", "users", "roles"] if allowed is None else allowed.get("parse", [])
    named = [] if allowed is None else [*allowed.get("users", []), *allowed.get("roles", [])]
    found = [one for one in NAMES if f"<@{one}>" in content and ("users" in parse or one in named)]
    found += [one for one in named if f"<@&{one}>" in content]
    everyone = "@everyone" in content or "@here" in content
    return [*found, *(["everyone"] if everyone and "everyone" in parse else [])]


def user(id_: str) -> dict[str, Any]:
    """Somebody, as the service tells of them."""
    name = NAMES.get(id_, "hook")
    bot = {"bot": True} if id_ in (BOT, ROBOT, HOOK) else {}
    plain = {"id": id_, "username": name, "discriminator": "0", "global_name": name.title(), "avatar": None}
    return {**plain, **bot}


def member() -> dict[str, Any]:
    """What a guild adds to a person."""
    return {"roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 2}


def blank(id_: str, channel: str, author: str) -> dict[str, Any]:
    """A message with nothing in it."""
    return {
        "id": id_,
        "channel_id": channel,
        "author": user(author),
        "content": "",
        "timestamp": datetime.now(UTC).isoformat(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "type": 0,
    }


def _attachment(id_: str, name: str, data: bytes) -> dict[str, Any]:
    url = f"https://cdn.example/{id_}/{name}"
    return {"id": id_, "filename": name, "size": len(data), "url": url, "proxy_url": url}


def channel(id_: str, kind: int = 0) -> dict[str, Any]:
    """A channel of the guild, or a thread."""
    place = {"name": "ops", "position": 0, "nsfw": False, "parent_id": None, "permission_overwrites": []}
    return {"id": id_, "type": kind, "guild_id": GUILD, **place}


def guild() -> dict[str, Any]:
    """The guild, as those hear of it who want to know which channels there are."""
    everybody = {"id": GUILD, "name": "@everyone", "permissions": "2147483647", "position": 0, "color": 0}
    roles = [{**everybody, "hoist": False, "managed": False, "mentionable": False, "flags": 0}]
    members = [{**member(), "user": user(id_)} for id_ in NAMES]
    place = {"id": GUILD, "name": "nb", "owner_id": ANN, "member_count": len(members), "large": False}
    return {**place, "roles": roles, "members": members, "channels": [channel(CHANNEL)]}


def _interaction(click: Click, custom_id: str) -> dict[str, Any]:
    return {
        "id": click.id,
        "application_id": APP,
        "type": 3,
        "token": click.token,
        "version": 1,
        "guild_id": GUILD,
        "channel_id": click.message["channel_id"],
        "channel": channel(click.message["channel_id"]),
        "locale": "en-US",
        "app_permissions": "0",
        "entitlements": [],
        "authorizing_integration_owners": {},
        "attachment_size_limit": 10 * 2**20,
        "message": click.message,
        "data": {"component_type": 2, "custom_id": custom_id},
        "member": {**member(), "user": user(click.person), "permissions": "0"},
    }
