"""What a Mattermost server keeps: a team with two channels, people, posts, reactions and files."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.chat_servers.mattermost_rules import notified, texts

TOKEN, HOOK = "bot-token-secret", "hooksecret0000000000000000"


def _id(name: str) -> str:
    return name.ljust(26, "0")


TEAM, CHANNEL, OTHER_CHANNEL = _id("team"), _id("ops"), _id("quiet")
BOT, ANN, BOB, CAROL, MALLORY, ROBOT = (
    _id(name) for name in ("nbalert", "ann", "bob", "carol", "mallory", "robot")
)
NAMES = {id_: id_.rstrip("0") for id_ in (BOT, ANN, BOB, CAROL, MALLORY, ROBOT)}
PENDING_S = 30.0
"""How long the server remembers a pending id."""

Emit = Callable[[str, dict[str, Any], str], None]


@dataclass
class World:
    """All of it, behind one lock.

    Args:
        may_whisper: Whether the bot has the right to post ephemerally; by default administrators alone have.
        may_upload: Whether the bot may upload files.
        edit_limit_s: How long a post can be edited; -1 is always.
        pending_s: How long pending ids are remembered.
    """

    may_whisper: bool = False
    may_upload: bool = True
    is_member: bool = True
    is_archived: bool = False
    has_hooks: bool = True
    edit_limit_s: float = -1
    pending_s: float = PENDING_S
    token: str = TOKEN
    hook: str = HOOK
    lock: threading.RLock = field(default_factory=threading.RLock)
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    pinged: dict[str, list[str]] = field(default_factory=dict)
    reactions: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    whispers: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    pending: dict[str, tuple[float, str]] = field(default_factory=dict)
    emit: Emit = lambda event, data, channel: None
    _counter: itertools.count[int] = field(default_factory=itertools.count)

    def new_id(self) -> str:
        """Of anything."""
        return f"{next(self._counter):026d}"

    def add(self, channel: str, author: str, body: dict[str, Any]) -> dict[str, Any]:
        """A new post."""
        now, id_ = int(time.time() * 1000), self.new_id()
        props = dict(body.get("props") or {})
        if author in (BOT, ROBOT):
            props["from_bot"] = "true"
        post = {
            **{"id": id_, "create_at": now, "update_at": now, "edit_at": 0, "delete_at": 0, "type": ""},
            **{"user_id": author, "channel_id": channel, "root_id": body.get("root_id", "")},
            **{"message": body.get("message", ""), "props": props, "hashtags": "", "original_id": ""},
            **{"file_ids": body.get("file_ids", []), "pending_post_id": body.get("pending_post_id", "")},
            "metadata": body.get("metadata", {}),
            **{key: body[key] for key in ("type",) if key in body},
        }
        self.posts[id_] = post
        names = {name: user for user, name in NAMES.items()}
        found = (one for text in texts(post["message"], props) for one in notified(text, names))
        self.pinged[id_] = list(dict.fromkeys(found))
        self._tell("posted", post)
        return post

    def change(self, id_: str, body: dict[str, Any]) -> dict[str, Any]:
        """A post edited: what is named is replaced, the whole of its props, too."""
        post = self.posts[id_]
        post |= {key: body[key] for key in ("message", "props", "file_ids") if body.get(key) is not None}
        post["edit_at"] = post["update_at"] = int(time.time() * 1000)
        self._tell("post_edited", post)
        return post

    def delete(self, id_: str) -> None:
        """A post, with its thread."""
        for post in [post for post in self.posts.values() if id_ in (post["id"], post["root_id"])]:
            post["delete_at"] = int(time.time() * 1000)
            self._tell("post_deleted", post)

    def react(self, person: str, post: str, emoji: str) -> dict[str, Any]:
        """A reaction; a second time nothing."""
        given = [
            one
            for one in self.reactions
            if (one["user_id"], one["post_id"], one["emoji_name"]) == (person, post, emoji)
        ]
        if given:
            return given[0]
        now = int(time.time() * 1000)
        reaction = {"user_id": person, "post_id": post, "emoji_name": emoji, "create_at": now}
        self.reactions.append(reaction)
        self.emit("reaction_added", {"reaction": reaction}, self.posts[post]["channel_id"])
        return reaction

    def unreact(self, person: str, post: str, emoji: str) -> None:
        """A reaction taken away."""
        self.reactions = [one for one in self.reactions if _key(one) != (person, post, emoji)]

    def alive(self, id_: str) -> dict[str, Any] | None:
        """A post that is there."""
        post = self.posts.get(id_)
        return post if post and not post["delete_at"] else None

    def _tell(self, event: str, post: dict[str, Any]) -> None:
        data = {"post": post, "channel_name": "ops", "sender_name": f"@{NAMES.get(post['user_id'], 'hook')}"}
        self.emit(event, data, post["channel_id"])


def _key(reaction: dict[str, Any]) -> tuple[str, str, str]:
    return reaction["user_id"], reaction["post_id"], reaction["emoji_name"]


def user(id_: str) -> dict[str, Any]:
    """Somebody, as the service tells of them."""
    name = NAMES[id_]
    found = {"id": id_, "username": name, "first_name": name.title(), "last_name": "", "nickname": ""}
    return {
        **found,
        "roles": "system_user",
        "delete_at": 0,
        **({"is_bot": True} if id_ in (BOT, ROBOT) else {}),
    }


def channel(id_: str, is_archived: bool) -> dict[str, Any]:
    """A channel of the team."""
    name = id_.rstrip("0")
    deleted = int(time.time() * 1000) if is_archived else 0
    return {
        "id": id_,
        "team_id": TEAM,
        "type": "O",
        "name": name,
        "display_name": name.title(),
        "delete_at": deleted,
    }
