"""A Mattermost on this machine: API v4, websocket and incoming webhooks at one address, and people."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Self

from tests.chat_servers import mattermost_world as world
from tests.chat_servers.front import Front
from tests.chat_servers.mattermost_push import Push
from tests.chat_servers.mattermost_rest import Rest
from tests.chat_servers.mattermost_rules import Limits
from tests.chat_servers.mattermost_world import ANN, BOB, BOT, CAROL, MALLORY, ROBOT, World
from tests.chat_servers.webhook import Webhook

__all__ = ["ANN", "BOB", "BOT", "CAROL", "MALLORY", "ROBOT", "Mattermost"]


class Mattermost:
    """The server. Use as a context manager.

    Args:
        kept: Rights, limits of time and token, where they are to be others.
        limits: The rate limit.
    """

    def __init__(self, kept: World | None = None, limits: Limits | None = None) -> None:
        self.kept = kept or World()
        self.rest = Rest(self.kept, limits or Limits())
        self.http = Webhook(self.rest)
        self.push: Push
        self._front: Front

    def __enter__(self) -> Self:
        self.http.__enter__()
        self.run(self._start())
        self.kept.emit = self.push.emit
        return self

    def __exit__(self, *exc: object) -> None:
        self.run(self._front.stop())
        self.run(self.push.stop())
        self.http.__exit__(*exc)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._front.port}"

    @property
    def hook_url(self) -> str:
        """Of an incoming webhook."""
        return f"{self.url}/hooks/{self.kept.hook}"

    @property
    def values(self) -> dict[str, Any]:
        """Settings of a channel of kind `mattermost`."""
        place = {"url": self.url, "channel": world.CHANNEL}
        return {"kind": "mattermost", **place, "token": self.kept.token, "approvers": [BOB, CAROL]}

    @property
    def posts(self) -> list[dict[str, Any]]:
        """Those that are no replies, oldest first."""
        with self.kept.lock:
            return [post for post in self.kept.posts.values() if not post["root_id"]]

    def thread(self, root: str) -> list[dict[str, Any]]:
        """Replies to a post, oldest first."""
        with self.kept.lock:
            return [post for post in self.kept.posts.values() if post["root_id"] == root]

    def question(self, number: int = -1) -> dict[str, Any]:
        """A post with the seeded reactions, as soon as it is there."""
        return dict(self.until(lambda: [post for post in self.posts if self._asks(post)][number:][:1])[0])

    def say(self, person: str, text: str, root: str = "", **more: Any) -> dict[str, Any]:
        """Write something, in a thread or beside it."""
        with self.kept.lock:
            body = {"message": text, "root_id": root, **more}
            return self.kept.add(world.CHANNEL, person, body)

    def edit(self, post: dict[str, Any], text: str) -> None:
        """Its author changes it."""
        with self.kept.lock:
            self.kept.change(post["id"], {"message": text})

    def react(self, person: str, post: str, emoji: str) -> None:
        """Add a reaction."""
        with self.kept.lock:
            self.kept.react(person, post, emoji)

    def until(self, holds: Callable[[], Any], timeout_s: float = 30) -> Any:
        """Wait until something is so; what it then is."""
        deadline = time.monotonic() + timeout_s
        while not (found := holds()):
            assert time.monotonic() < deadline, f"it did not come to that; posts: {self.posts}"
            time.sleep(0.01)
        return found

    def run(self, work: Any) -> Any:
        """Do something on the server's loop: `run(server.push.abort())`."""
        return asyncio.run_coroutine_threadsafe(work, self.http._loop).result(10)

    def _asks(self, post: dict[str, Any]) -> bool:
        seeds = {one["emoji_name"] for one in self.kept.reactions if one["post_id"] == post["id"]}
        return seeds >= {"white_check_mark", "x"}

    async def _start(self) -> None:
        self.push = Push(self.kept)
        await self.push.start()
        self._front = Front(self.http.port, self.push.port)
        await self._front.start()
