"""The rows of Slack: its incoming webhooks and its bots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from nbalert.channels.slack_answers import Place
from nbalert.message import Receipt
from tests.channels.rows import Row, Seen
from tests.chat_servers import slack_rules
from tests.chat_servers.slack import APP_TOKEN, Slack
from tests.chat_servers.slack_workspace import BOT, CHANNEL, Said


class SlackWebhookRow(Row):
    """A webhook has no keys, and takes no files."""

    kind = "slack-webhook"
    has_keys = False
    edits = False
    takes_images = False
    burst = 7

    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        self.server = slack.http

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """A Slack of our own."""
        with Slack() as slack:
            yield cls(slack)

    def values(self) -> dict[str, Any]:
        """Its URL is all."""
        return {"kind": self.kind, "url": self.slack.hook_url}

    def seen(self) -> list[Seen]:
        """As the client shows it, files in the threads."""
        return [self._seen(said) for said in self.slack.top()]

    def revoke(self) -> None:
        """Taken away at Slack."""
        self.slack.tokens.clear()

    def check(self) -> None:
        """Nothing broke a schema or a limit."""
        assert self.slack.wrong == []

    def _seen(self, said: Said) -> Seen:
        shared = [one for reply in self.slack.thread(said["ts"]) for one in reply.get("files", ())]
        files = [self.slack.files[one["id"]] for one in shared]
        texts = [file["data"].decode() for file in files if file["name"].endswith((".txt", ".py"))]
        return Seen(
            slack_rules.shown(said["blocks"]),
            files=tuple(texts),
            images=len(files) - len(texts),
            pinged=tuple(said["notified"]),
            buttons=tuple(slack_rules.buttons(said["blocks"])),
        )


class SlackRow(SlackWebhookRow):
    """A bot, with Socket Mode."""

    kind = "slack"
    has_keys = True
    edits = True
    takes_images = True
    ways = ("button", "reply", "reaction")
    vexations = ("stranger", "edited", "bot", "elsewhere", "talk")
    tells = True
    approver, second = "UBOB", "UCAROL"
    lists = ("UANN", "UBOB", "UCAROL", "UMALLORY")

    def __init__(self, slack: Slack) -> None:
        super().__init__(slack)
        slack.waits = False

    def values(self) -> dict[str, Any]:
        """Its tokens and its channel."""
        return self.slack.values(app_token=APP_TOKEN)

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """By the client."""
        said = self.slack.find(CHANNEL, Place.of(receipt.reference).ts)
        if way == "button":
            self.slack.push.wait_for_links(1)  # without one Slack tells whoever clicks that nothing happened
            self.slack.click(person, said, "Approve" if text == "approve" else "Reject")
        elif way == "reaction":
            self.slack.react(person, said["ts"], "white_check_mark" if text == "approve" else "x")
        else:
            self.slack.say(person, text, said["ts"])

    def vex(self, how: str, receipt: Receipt) -> None:
        """Each of them looks like a yes."""
        ts = Place.of(receipt.reference).ts
        if how == "stranger":
            self.slack.say("UMALLORY", "approve", ts)
        elif how == "edited":
            self.slack.edit(self.slack.say("UBOB", "let me see", ts), "approve")
        elif how == "bot":
            self.slack.say("UROBOT", "approve", ts, bot_id="BROBOT", subtype="bot_message")
        elif how == "talk":
            self.slack.say("UBOB", "yes, go ahead", ts)
        else:
            self.slack.say("UBOB", "approve")
            self.slack.say("UBOB", "approve", self.slack.say("UCAROL", "Lunch?")["ts"])
            self.slack.react("UBOB", ts, "thumbsup")

    def told(self, person: str) -> list[str]:
        """Privately; a bot in the thread, as those who watch it have to know."""
        with self.slack.lock:
            if person == "UROBOT":
                return [said["text"] for said in self.slack.messages[CHANNEL] if said["user"] == BOT]
            return [said["text"] for said in self.slack.ephemerals if said["user"] == person]
