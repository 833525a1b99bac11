"""What there is in a Slack workspace of the tests: people, conversations, messages."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

Said = dict[str, Any]

BOT, CHANNEL = "UBOT", "C1"


class Refusal(Exception):
    """An answer with `"ok": false`."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code, self.more = code, more


class Workspace:
    """The people ann, bob, carol, a robot and our bot; all of it is used under the lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.people = {
            "UANN": "Ann",
            "UBOB": "Bob",
            "UCAROL": "Carol",
            BOT: "nbalert",
            "UROBOT": "Robot",
            "UMALLORY": "M.",
        }
        self.members = {
            CHANNEL: {BOT, "UANN", "UBOB", "UCAROL", "UMALLORY"},
            "C2": {BOT, "UBOB"},
            "C9": {"UBOB"},
        }
        self.messages: dict[str, list[Said]] = defaultdict(list)
        self.ephemerals: list[Said] = []
        self.files: dict[str, Said] = {}
        self._ts = time.time()

    def now(self) -> str:
        """A time that never comes twice."""
        with self.lock:
            self._ts = max(time.time(), self._ts + 0.000_01)
            return f"{self._ts:.6f}"

    def top(self, channel: str = CHANNEL) -> list[Said]:
        """Messages outside threads, oldest first."""
        with self.lock:
            return [
                said for said in self.messages[channel] if said.get("thread_ts", said["ts"]) == said["ts"]
            ]

    def thread(self, ts: str, channel: str = CHANNEL) -> list[Said]:
        """Replies, oldest first."""
        with self.lock:
            return [s for s in self.messages[channel] if s.get("thread_ts") == ts and s["ts"] != ts]

    def add(self, channel: str, said: Said) -> Said:
        """Enter a message."""
        with self.lock:
            entered = {"ts": self.now(), **said}
            self.messages[channel].append(entered)
            return entered

    def find(self, channel: str, ts: str) -> Said:
        """The message of that time."""
        found = [said for said in self.messages[channel] if said["ts"] == ts]
        if not found:
            raise Refusal("message_not_found")
        return found[0]

    def add_reaction(self, said: Said, user: str, name: str) -> None:
        """Enter a reaction."""
        reactions = said.setdefault("reactions", [])
        one = next((r for r in reactions if r["name"] == name), None)
        if one is None:
            reactions.append(one := {"name": name, "users": [], "count": 0})
        if user in one["users"]:
            raise Refusal("already_reacted")
        one["users"].append(user)
        one["count"] += 1
