"""The rows of Mattermost: its incoming webhooks and its bots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from nbalert.message import Receipt
from tests.channels.rows import Row, Seen
from tests.chat_servers.mattermost import ANN, BOB, BOT, CAROL, MALLORY, ROBOT, Mattermost


class MattermostWebhookRow(Row):
    """A webhook has no keys, and takes no files."""

    kind = "mattermost-webhook"
    has_keys = False
    edits = False
    takes_images = False

    def __init__(self, mattermost: Mattermost) -> None:
        self.mattermost = mattermost
        self.server = mattermost.http

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """A Mattermost of our own."""
        with Mattermost() as mattermost:
            yield cls(mattermost)

    def values(self) -> dict[str, Any]:
        """Its URL is all."""
        return {"kind": self.kind, "url": self.mattermost.hook_url}

    def seen(self) -> list[Seen]:
        """As the client shows it, without the threads."""
        with self.mattermost.kept.lock:
            return [self._seen(post) for post in self.mattermost.posts]

    def revoke(self) -> None:
        """Deleted and made anew."""
        self.mattermost.kept.hook = "another0000000000000000000"

    def check(self) -> None:
        """Nothing broke a limit."""
        assert self.mattermost.rest.faults == []

    def _seen(self, post: dict[str, Any]) -> Seen:
        files = [self.mattermost.kept.files[id_] for id_ in post["file_ids"]]
        read = [data.decode() for name, data in files if name.endswith((".txt", ".py"))]
        attached = [text for one in post["props"].get("attachments", ()) for text in _texts(one)]
        return Seen(
            "\n".join(map(rendered, [post["message"], *attached])),
            files=tuple(read),
            images=len(files) - len(read),
            pinged=tuple(self.mattermost.kept.pinged[post["id"]]),
        )


class MattermostRow(MattermostWebhookRow):
    """A bot, with the websocket."""

    kind = "mattermost"
    has_keys = True
    edits = True
    takes_images = True
    ways = ("reply", "reaction")
    vexations = ("stranger", "edited", "bot", "elsewhere", "talk")
    tells = True
    approver, second = BOB, CAROL
    lists = (ANN, BOB, CAROL, MALLORY)

    def values(self) -> dict[str, Any]:
        """Its token and its channel."""
        return self.mattermost.values

    def revoke(self) -> None:
        """Taken away."""
        self.mattermost.kept.token = "another-secret"

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """By the client."""
        post = receipt.reference.rpartition("/")[2]
        if way == "reaction":
            self.mattermost.react(person, post, "white_check_mark" if text == "approve" else "x")
        else:
            self.mattermost.say(person, text, post)

    def vex(self, how: str, receipt: Receipt) -> None:
        """Each of them looks like a yes."""
        post, say = receipt.reference.rpartition("/")[2], self.mattermost.say
        if how == "stranger":
            say(MALLORY, "approve", post)
        elif how == "edited":
            self.mattermost.edit(say(BOB, "let me see", post), "approve")
        elif how == "bot":
            say(ROBOT, "approve", post)
        elif how == "talk":
            say(BOB, "yes, go ahead", post)
        else:
            say(BOB, "approve")
            say(BOB, "approve", say(CAROL, "Lunch?")["id"])
            say(BOB, "approve", post, type="system_generic")
            self.mattermost.react(BOB, post, "thumbsup")

    def told(self, person: str) -> list[str]:
        """Privately, or in the thread with a mention."""
        with self.mattermost.kept.lock:
            kept = self.mattermost.kept
            said = [post["message"] for user, post in kept.whispers if user == person]
            own = [post for post in kept.posts.values() if post["root_id"] and post["user_id"] == BOT]
            said += [post["message"] for post in own if person in kept.pinged[post["id"]]]
            return [rendered(text) for text in said]


def _texts(attachment: dict[str, Any]) -> list[str]:
    names = ("author_name", "title", "text", "footer")
    fields = [text for one in attachment.get("fields", ()) for text in (one["title"], one["value"])]
    return [*(attachment.get(name, "") for name in names), *fields]


def rendered(text: str) -> str:
    """Markup undone, as the service's own client does it: outside of code a backslash goes before these."""
    parts = re.split(r"```(?:python)?\n(.*?)\n```", text, flags=re.DOTALL)
    shown = [
        part if n % 2 else re.sub(r"\\([`*{}\[\]()#+\-.!_>|~]|\\(?!\w))", r"\1", part)
        for n, part in enumerate(parts)
    ]
    return "".join(shown).replace("\u200b", "")
