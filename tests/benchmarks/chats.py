"""Chats in which somebody answers, each by the server of the tests, and how nbalert is told to use it."""

from __future__ import annotations

import smtplib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from typing import Any, ClassVar

import tomlkit

from tests.chat_servers import discord, mail, mattermost, slack_rules, telegram
from tests.chat_servers.mail import AUTHSERV
from tests.chat_servers.slack import APP_TOKEN, Slack
from tests.person import Person
from tests.processes import wait_until

GLANCE_S = 0.1
"""Nobody answers sooner than that: by then the question is listened to, whose beginning is not measured."""

SECRETS = ("token", "app_token", "password")


class Chat(ABC):
    """One of them.

    Args:
        server: Of the tests.
    """

    way: ClassVar[str]
    """How answers come."""
    rounds: ClassVar[int] = 30
    me: ClassVar[dict[str, Any]] = {}
    """Who asks."""

    def __init__(self, server: Any) -> None:
        self.server = server

    @property
    def values(self) -> dict[str, Any]:
        """Settings of the channel."""
        return {**self.server.values}

    @property
    def settings(self) -> str:
        """The whole file: it is the default channel, and its secrets stand in `env`."""
        values = self.values | {name: f"env:{variable}" for name, variable in self._variables()}
        return tomlkit.dumps({"default": "ops", "me": self.me, "channels": {"ops": values}})

    @property
    def env(self) -> dict[str, str]:
        """Its secrets, as the settings refer to them."""
        return {variable: self.values[name] for name, variable in self._variables()}

    def _variables(self) -> list[tuple[str, str]]:
        return [(name, f"BENCH_{name.upper()}") for name in SECRETS if name in self.values]

    @abstractmethod
    def answer(self, question: str) -> float:
        """Approve the question of that title, once it is there; the moment in which that can be seen."""


class SlackChat(Chat):
    """A click, pushed by Socket Mode."""

    way, rounds, me = "Slack, socket", 10, {"slack": "UANN"}

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Chat]:
        """A workspace."""
        with Slack() as server:
            server.waits = False
            yield cls(server)

    @property
    def values(self) -> dict[str, Any]:
        """With the token for Socket Mode."""
        return dict(self.server.values(app_token=APP_TOKEN, approvers=["UBOB"]))

    def answer(self, question: str) -> float:
        """A click."""
        said = self.server.until(lambda: self._open(question))
        self.server.push.wait_for_links(1)
        time.sleep(GLANCE_S)
        at = time.monotonic()
        self.server.click("UBOB", said, "Approve")
        return at

    def _open(self, question: str) -> dict[str, Any] | None:
        found = [said for said in self.server.top() if question in slack_rules.shown(said["blocks"])]
        return next((said for said in found if "Approve" in slack_rules.buttons(said["blocks"])), None)


class DiscordChat(Chat):
    """A reply, pushed by the gateway, as ZenML takes it."""

    way, me = "Discord, gateway", {"discord": discord.ANN}

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Chat]:
        """A guild."""
        with discord.Discord() as server:
            yield cls(server)

    def answer(self, question: str) -> float:
        """A reply."""
        found: dict[str, Any] = self.server.until(
            lambda: next((m for m in self.server.messages if m["components"] and question in str(m)), None)
        )
        time.sleep(GLANCE_S)
        at = time.monotonic()
        self.server.say(discord.BOB, "approve", reply_to=found)
        return at


class MattermostChat(Chat):
    """A reply, pushed by the websocket."""

    way, me = "Mattermost, socket", {"mattermost": mattermost.ANN}

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Chat]:
        """A team."""
        with mattermost.Mattermost() as server:
            yield cls(server)

    def answer(self, question: str) -> float:
        """A reply."""
        found: dict[str, Any] = self.server.until(
            lambda: next((post for post in self.server.posts if question in str(post)), None)
        )
        time.sleep(GLANCE_S)
        at = time.monotonic()
        self.server.say(mattermost.BOB, "approve", found["id"])
        return at


class TelegramChat(Chat):
    """A click, in the answer to a request that is held."""

    way, rounds, me = "Telegram, long poll", 5, {"telegram": str(telegram.ANN)}

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Chat]:
        """A group."""
        with telegram.Telegram() as server:
            yield cls(server)

    def answer(self, question: str) -> float:
        """A click."""
        found: dict[str, Any] = self.server.until(
            lambda: next((m for m in self.server.messages if question in m["text"]), None)
        )
        time.sleep(GLANCE_S)
        at = time.monotonic()
        self.server.click(telegram.BOB, found)
        return at


class MailChat(Chat):
    """A reply, put into the mailbox by Dovecot's own LMTP; IMAP IDLE tells of it."""

    way, rounds, me = "e-mail, IMAP IDLE", 10, {"email": "ann@nb.test"}
    server: mail.MailServer

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Chat]:
        """Postfix and Dovecot."""
        server = mail.running()
        try:
            server.clear()
            yield cls(server)
        finally:
            mail.stop()

    @property
    def values(self) -> dict[str, Any]:
        """As people write them."""
        return {
            "kind": "email",
            "host": "localhost",
            "port": self.server.ports["starttls"],
            "username": "bot",
            "password": "pw-bot",
            "sender": "nbalert <bot@nb.test>",
            "to": ["team@nb.test"],
            "imap_host": "localhost",
            "imap_port": self.server.ports["imaps"],
            "authserv_id": AUTHSERV,
            "tls": {"ca": str(self.server.root / "ca.crt")},
            "approvers": ["bob@nb.test"],
        }

    def answer(self, question: str) -> float:
        """A reply."""
        wait_until(lambda: self._asked(question))
        reply = self.server.reply(self._asked(question)[0], "bob", "approve")
        raw = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=nb.test\r\n".encode()
        raw += reply.as_bytes(policy=policy.SMTP)
        time.sleep(GLANCE_S)
        with smtplib.LMTP(str(self.server.root / "lmtp")) as lmtp:
            at = time.monotonic()
            lmtp.sendmail("bob@nb.test", ["bot@nb.test"], raw)
        return at

    def _asked(self, question: str) -> list[Any]:
        return [
            one
            for one in self.server.mails("team")
            if question in one["Subject"] and "[nb-" in one["Subject"]
        ]


class InboxChat(Chat):
    """A button of the built-in chat. It is nbalert's own: `server` is somebody signed in there."""

    way = "inbox"
    server: Person | None

    @property
    def settings(self) -> str:
        """None: it is the default."""
        return ""

    def answer(self, question: str) -> float:
        """A button."""
        assert self.server
        found = self.server.until(lambda view: view["message"]["title"] == question)
        time.sleep(GLANCE_S)
        at = time.monotonic()
        self.server.reply(found["id"], "approve").raise_for_status()
        return at
