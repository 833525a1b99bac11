"""A Telegram on this machine, written from the documentation of the Bot API: a bot, a group, and people."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Self

from tests.chat_servers.telegram_api import BotApi
from tests.chat_servers.telegram_rules import Limits
from tests.chat_servers.telegram_world import ANN, ANONYMOUS, BOB, CAROL, GROUP, MALLORY, ROBOT, World
from tests.chat_servers.webhook import Webhook

__all__ = ["ANN", "ANONYMOUS", "BOB", "CAROL", "GROUP", "MALLORY", "ROBOT", "Telegram"]


class Telegram:
    """The server. Use as a context manager.

    Args:
        limits: Sizes and rates.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.world = World()
        self.api = BotApi(self.world, limits or Limits())
        self.http = Webhook(self.api)

    def __enter__(self) -> Self:
        self.http.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.world.close()
        self.http.__exit__(*exc)

    @property
    def values(self) -> dict[str, Any]:
        """Settings of a channel."""
        return {
            "kind": "telegram",
            "token": self.world.token,
            "chat": str(GROUP),
            "base_url": f"http://127.0.0.1:{self.http.port}",
            "approvers": [str(BOB), str(CAROL)],
        }

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The bot's, oldest first."""
        with self.world.news:
            return [dict(m) for m in self.world.messages.values() if m["from"]["id"] == self.world.bot["id"]]

    def until(self, holds: Callable[[], Any], timeout_s: float = 30) -> Any:
        """Wait until something is so; what it then is."""
        deadline = time.monotonic() + timeout_s
        while not (found := holds()):
            assert time.monotonic() < deadline, f"it did not come to that; messages: {self.messages}"
            threading.Event().wait(0.01)
        return found

    def question(self, number: int = -1) -> dict[str, Any]:
        """A message with buttons, as soon as it is there."""
        return dict(self.until(lambda: [m for m in self.messages if _buttons(m)][number:][:1])[0])

    def click(self, person: int, message: dict[str, Any], label: str = "Approve") -> str:
        """Press the button with that label; id of the click."""
        (data,) = (one["callback_data"] for one in _buttons(message) if one["text"] == label)
        return self.world.click(person, message, data)

    def say(self, person: int, text: str, reply_to: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write something in the group."""
        return self.world.say(person, text, reply_to)

    def toast(self, click: str) -> str:
        """What was shown to who has clicked, as soon as it is."""
        return str(self.until(lambda: self.world.clicks[click].get("answer"))["text"])


def _buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]
