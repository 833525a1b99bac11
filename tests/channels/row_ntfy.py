"""The row of ntfy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from nbalert.channels.ntfy_answers import answer_topic
from nbalert.message import Receipt
from tests.channels.rows import Row, Seen
from tests.chat_servers.ntfy import Ntfy


class NtfyRow(Row):
    """A server of 2.16 or newer, on which a second try takes the place of the first.

    A question stands on the private topic of each approver, what else there is on the team's.
    """

    kind = "ntfy"
    ways = ("button", "reply")
    vexations = ("stranger", "edited", "elsewhere", "talk")
    tells = True

    def __init__(self, ntfy: Ntfy) -> None:
        self.ntfy = ntfy
        self.server = ntfy.http

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """An ntfy of our own."""
        with Ntfy() as ntfy:
            yield cls(ntfy)

    def values(self) -> dict[str, Any]:
        """A topic for each."""
        return self.ntfy.values

    def seen(self) -> list[Seen]:
        """By bob, in both of his topics, without what was said to him about answers."""
        found = [*self.ntfy.on("team-secret"), *self.ntfy.on("bob-secret")]
        told = [message for message in found if message["title"] != "Your answer does not count"]
        mains = [message for message in told if "-" not in message["sequence_id"]]
        return [self._seen(main, [m for m in told if _belongs(m, main)]) for main in mains]

    def revoke(self) -> None:
        """Another one is issued."""
        self.ntfy.token = "tk_another-secret"

    def check(self) -> None:
        """Nothing broke a limit."""
        assert self.ntfy.faults == []

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """By the app of that person, which has the question on their topic."""
        question = self._question(receipt, person)
        if way == "button":
            self.ntfy.press(question, "Approve" if text == "approve" else "Reject")
        else:
            self.ntfy.send(self._answers(question), text)

    def vex(self, how: str, receipt: Receipt) -> None:
        """Each of them looks like a yes."""
        answers = self._answers(self._question(receipt, "bob"))
        if how == "edited":
            said = self.ntfy.send(answers, "let me see")
            self.ntfy.send(answers, "approve", {"x-sequence-id": said["id"]})
        elif how == "talk":
            self.ntfy.send(answers, "yes, go ahead")
        elif how == "elsewhere":
            self.ntfy.send("bob-secret", "approve")
        else:
            self.ntfy.send("team-secret", "approve")
            self.ntfy.send(answer_topic("team-secret", "q-Drop table 0?"), "approve")

    def told(self, person: str) -> list[str]:
        """On their private topic."""
        return [m["message"] for m in self.ntfy.on(f"{person}-secret") if "not count" in m["title"]]

    def _question(self, receipt: Receipt, person: str) -> dict[str, Any]:
        sequence = receipt.reference.partition("/")[0]
        return next(m for m in self.ntfy.messages if _is_of(m, f"{person}-secret", sequence))

    def _answers(self, question: dict[str, Any]) -> str:
        (view,) = (one for one in question["actions"] if one["action"] == "view")
        return str(view["url"]).rpartition("/")[2]

    def _seen(self, message: dict[str, Any], below: list[dict[str, Any]]) -> Seen:
        """With the files that follow it, one a notification."""
        found = [self.ntfy.files[m["id"]] for m in (message, *below) if m["id"] in self.ntfy.files]
        buttons = [one["label"] for one in message.get("actions", ()) if one["action"] == "http"]
        return Seen(
            f"{message['title']}\n{message['message']}",
            files=tuple(data.decode() for name, data in found if not name.endswith(".png")),
            images=sum(name.endswith(".png") for name, _ in found),
            buttons=tuple(buttons),
        )


def _belongs(message: dict[str, Any], main: dict[str, Any]) -> bool:
    return bool(message["sequence_id"].startswith(f"{main['sequence_id']}-"))


def _is_of(message: dict[str, Any], topic: str, sequence: str) -> bool:
    return bool(message["topic"] == topic and message.get("sequence_id") == sequence)
