"""The rows of Discord: its webhooks and its bots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from nbalert.message import Receipt
from nbalert.policy import YES
from tests.channels.rows import Row, Seen
from tests.chat_servers.discord import ANN, BOB, CAROL, MALLORY, ROBOT, Discord
from tests.chat_servers.discord_world import MEMBERS_FLAG


class DiscordWebhookRow(Row):
    """A webhook has no keys: an answer that is lost is a second message."""

    kind = "discord-webhook"
    has_keys = False

    def __init__(self, discord: Discord) -> None:
        self.discord = discord
        self.server = discord.http

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """A Discord of our own."""
        with Discord() as discord:
            yield cls(discord)

    def values(self) -> dict[str, Any]:
        """Its URL is all."""
        return {"kind": self.kind, "url": self.discord.hook_url}

    def seen(self) -> list[Seen]:
        """As the client shows it, without what was said about answers."""
        with self.discord.kept.lock:
            return [self._seen(m) for m in self.discord.messages if "message_reference" not in m]

    def revoke(self) -> None:
        """Deleted and made anew."""
        self.discord.kept.hook_token = "another-secret"

    def check(self) -> None:
        """Nothing broke a schema or a limit."""
        assert self.discord.faults == []

    def _seen(self, message: dict[str, Any]) -> Seen:
        files = self.discord.kept.files[message["id"]]
        texts = [message["content"], *(text for embed in message["embeds"] for text in _texts(embed))]
        rows = [button for row in message["components"] for button in row["components"]]
        shown = {embed["image"]["url"].partition("//")[2] for embed in message["embeds"] if "image" in embed}
        return Seen(
            "\n".join(map(rendered, texts)),
            files=tuple(data.decode() for name, data in files.items() if name not in shown),
            images=len(shown),
            pinged=tuple(self.discord.kept.pinged[message["id"]]),
            buttons=tuple(button["label"] for button in rows),
        )


class DiscordRow(DiscordWebhookRow):
    """A bot, with its gateway."""

    kind = "discord"
    has_keys = True
    ways = ("button", "reply", "reaction")
    vexations = ("stranger", "edited", "bot", "elsewhere", "talk")
    tells = True
    approver, second = BOB, CAROL
    lists = (ANN, BOB, CAROL, MALLORY)

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """A bot that may see who is there."""
        with super().open(folder) as row:
            row.discord.kept.flags |= MEMBERS_FLAG
            yield row

    def values(self) -> dict[str, Any]:
        """Its token and its channel."""
        return self.discord.values

    def revoke(self) -> None:
        """Reset in the portal."""
        self.discord.kept.token = "another-secret"

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """By the client."""
        message = self._message(receipt)
        if way == "button":
            self.discord.click(person, message, "Approve" if text == "approve" else "Reject")
        elif way == "reaction":
            self.discord.react(person, message, YES if text == "approve" else "❌")
        else:
            self.discord.say(person, text, reply_to=message)

    def vex(self, how: str, receipt: Receipt) -> None:
        """Each of them looks like a yes."""
        message = self._message(receipt)
        if how == "edited":
            said = self.discord.say(BOB, "let me see", reply_to=message)
            self.discord.edit(said, "approve")
        elif how == "elsewhere":
            self.discord.say(BOB, "approve", reply_to=self.discord.say(CAROL, "Lunch?"))
            self.discord.say(BOB, "approve")
            self.discord.react(BOB, message, "👍")
        else:
            person, text = {
                "stranger": (MALLORY, "approve"),
                "bot": (ROBOT, "approve"),
                "talk": (BOB, "yes, go ahead"),
            }[how]
            self.discord.say(person, text, reply_to=message)

    def told(self, person: str) -> list[str]:
        """Privately after a click, else in a reply that mentions them."""
        with self.discord.kept.lock:
            clicks = [c for c in self.discord.kept.clicks.values() if c.person == person]
            replies = [m for m in self.discord.messages if person in self.discord.kept.pinged[m["id"]]]
            return [text for c in clicks for text in c.private] + [rendered(m["content"]) for m in replies]

    def _message(self, receipt: Receipt) -> dict[str, Any]:
        return self.discord.kept.messages[receipt.reference.rpartition("/")[2]]


def _texts(embed: dict[str, Any]) -> list[str]:
    fields = [text for one in embed.get("fields", ()) for text in (one["name"], one["value"])]
    return [embed.get("title", ""), embed.get("description", ""), *fields]


def rendered(text: str) -> str:
    """Markup undone: fences go, and backslashes before what they escape, outside of code."""
    parts = re.split(r"```(?:py)?\n(.*?)\n```", text, flags=re.DOTALL)
    shown = [part if n % 2 else re.sub(r"\\([^0-9A-Za-z\s])", r"\1", part) for n, part in enumerate(parts)]
    return "".join(shown).replace("\u200b", "")
