"""A Discord on this machine, written from its documentation: REST and Gateway v10, webhooks, and people."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Any, Self

from tests.chat_servers import discord_world as world
from tests.chat_servers.discord_push import Push
from tests.chat_servers.discord_rest import PREFIX, Rest
from tests.chat_servers.discord_rules import Limits
from tests.chat_servers.discord_world import ANN, BOB, CAROL, MALLORY, ROBOT, Click, World
from tests.chat_servers.webhook import Webhook

__all__ = ["ANN", "BOB", "CAROL", "MALLORY", "ROBOT", "Discord"]


class Discord:
    """The server. Use as a context manager.

    Args:
        limits: Rate limits.
        kept: Rights, flags and token, where they are to be others.
        tls: For HTTPS and WSS.
    """

    def __init__(
        self, limits: Limits | None = None, kept: World | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._tls = tls
        self.kept = kept or World()
        self.rest = Rest(self.kept, limits or Limits(), lambda: self.push.about())
        self.http = Webhook(self.rest, tls)
        self.push: Push

    def __enter__(self) -> Self:
        self.http.__enter__()
        self.push = self._run(self._made())
        self._run(self.push.start())
        self.kept.emit = self.push.emit
        return self

    def __exit__(self, *exc: object) -> None:
        self._run(self.push.stop())
        self.http.__exit__(*exc)

    @property
    def values(self) -> dict[str, Any]:
        """Settings of a channel of kind `discord`."""
        return {
            "kind": "discord",
            "token": self.kept.token,
            "channel": world.CHANNEL,
            "base_url": f"{self.http.url.partition(':')[0]}://127.0.0.1:{self.http.port}{PREFIX}",
            "approvers": [BOB, CAROL],
        }

    @property
    def hook_url(self) -> str:
        """Of a webhook into the channel."""
        return f"{self.values['base_url']}/webhooks/{world.HOOK}/{self.kept.hook_token}"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """In the channel, oldest first."""
        with self.kept.lock:
            return [m for m in self.kept.messages.values() if m["channel_id"] == world.CHANNEL]

    @property
    def faults(self) -> list[str]:
        """What broke a schema or a limit."""
        return [*self.rest.faults, *self.push.faults]

    def do(self, name: str, *given: Any) -> None:
        """Something of the gateway, on its loop: `do("close", 4000)`."""
        self._run(getattr(self.push, name)(*given))

    def until(self, holds: Callable[[], Any], timeout_s: float = 30) -> Any:
        """Wait until something is so; what it then is."""
        deadline = time.monotonic() + timeout_s
        while not (found := holds()):
            assert time.monotonic() < deadline, f"it did not come to that; messages: {self.messages}"
            time.sleep(0.01)
        return found

    def question(self, number: int = -1) -> dict[str, Any]:
        """A message with buttons or seeded reactions, as soon as it is there."""
        return dict(self.until(lambda: [m for m in self.messages if self._asks(m)][number:][:1])[0])

    def click(self, person: str, message: dict[str, Any], label: str = "Approve") -> Click:
        """Press the button with that label."""
        rows = [button for row in message["components"] for button in row["components"]]
        custom_id = next(button["custom_id"] for button in rows if button["label"] == label)
        with self.kept.lock:
            return self.kept.click(person, message["id"], custom_id)

    def say(
        self,
        person: str,
        text: str,
        reply_to: dict[str, Any] | None = None,
        thread: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Write something: into the channel, as a reply, or into the thread of a message."""
        with self.kept.lock:
            channel = world.CHANNEL
            if thread:
                channel = thread["id"]
                self.kept.threads.add(channel)
            reference = {"message_reference": {"message_id": reply_to["id"]}} if reply_to else {}
            return self.kept.add(channel, person, {"content": text, **reference}, {})

    def edit(self, message: dict[str, Any], text: str) -> None:
        """Its author changes it."""
        with self.kept.lock:
            self.kept.change(message["id"], {"content": text}, {})

    def react(self, person: str, message: dict[str, Any], emoji: str) -> None:
        """Add a reaction."""
        with self.kept.lock:
            self.kept.react(person, message["id"], emoji)

    def _asks(self, message: dict[str, Any]) -> bool:
        return bool(message["components"]) or (message["id"], "✅") in self.kept.reactions

    async def _made(self) -> Push:
        return Push(self.kept, self._tls)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.http._loop).result(10)
