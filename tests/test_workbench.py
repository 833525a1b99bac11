from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

import nbalert
from nbalert import channels
from nbalert.channels import registry
from nbalert.channels.registry import add
from nbalert.courier.project import Project
from nbalert.home import Home
from nbalert.line import Frame
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Question
from nbalert.settings import load
from nbalert.workbench import Workbench, able
from tests.inboxes import question
from tests.processes import settings_file


class Moody(nbalert.Channel):
    """Does what the message's title says."""

    kind = "moody"
    Settings = nbalert.ChannelSettings
    can_reply = True

    async def post(self, message: Message, key: str) -> Receipt:
        """Hang, end the process, or return something."""
        if message.title == "hang":
            await asyncio.sleep(3600)
        if message.title == "exit":
            sys.exit("secret")
        if message.title == "cancel":
            raise asyncio.CancelledError
        if message.title == "nothing":
            return None  # type: ignore[return-value]
        reference: Any = object() if message.title == "object" else key
        return Receipt(channel=threading.current_thread().name, reference=reference)

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """Refuse, with what it was asked for."""
        raise nbalert.ChannelRefused(f"{receipt.reference} {reply.person} {text}")

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """The same."""
        raise nbalert.ChannelRefused(f"{receipt.reference} {message.title} {message.mention} {key}")

    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """One, and then none."""
        yield Reply(reference="1", person="bob", text="no: " + "x" * 1_000_000, at=question.asked_at)
        await asyncio.sleep(3600)


class Bench:
    """A workbench, and what it says."""

    def __init__(self, home: Home, folder: Path) -> None:
        settings_file(folder, '[channels.mine]\nkind = "moody"\n')
        settings = load(folder, home)
        self.project = Project.of(settings)
        self.said: Queue[Frame] = Queue()
        self.bench = Workbench(lambda: settings, self.said.put)

    def ask(self, call: str, **body: Any) -> None:
        """Ask it for something, in two parts."""
        text = json.dumps(body)
        for part, is_last in ((text[:7], False), (text[7:], True)):
            frame = {"event": "work", "call": call, "channel": "mine", "part": part, "is_last": is_last}
            self.bench.take(frame)

    def post(self, call: str, title: str) -> None:
        """Ask it for a post."""
        self.ask(call, does="post", key="key", message=Message(title=title).to_json())

    def heard(self) -> Frame:
        """What it says next."""
        return self.said.get(timeout=20)


@pytest.fixture
def bench(home: Home, tmp_path: Path) -> Iterator[Bench]:
    """This process has registered `moody`, for one test."""
    add(Moody, channels.packaged())
    made = Bench(home, tmp_path)
    yield made
    made.bench.close()
    registry._classes.clear()
    assert "nbalert-workbench" not in [thread.name for thread in threading.enumerate()]


def test_a_post(bench: Bench) -> None:
    """On a thread of its own."""
    bench.post("1", "x")
    said = bench.heard()
    assert said == {"do": "worked", "call": "1", "receipt": said["receipt"]}
    assert said["receipt"]["channel"] == "nbalert-workbench"


@pytest.mark.parametrize(
    ("title", "error"),
    [
        ("exit", {"is": "fault", "says": "SystemExit in the channel's own code (post, line"}),
        ("cancel", {"is": "fault", "says": "CancelledError in the channel's own code (post, line"}),
        ("nothing", {"is": "refused", "says": "mine: post() returned no Receipt"}),
        ("object", {"is": "refused", "says": "mine: post() returned no Receipt"}),
    ],
)
def test_whatever_a_class_does(title: str, error: dict[str, str], bench: Bench) -> None:
    """The courier gets its answer, and the next call is worked."""
    bench.post("1", title)
    said = bench.heard()
    assert said["call"] == "1"
    assert said["error"]["is"] == error["is"]
    assert said["error"]["says"].startswith(error["says"])
    bench.post("2", "x")
    assert bench.heard()["call"] == "2"


def test_nothing_waits_for_what_hangs(bench: Bench) -> None:
    """Other calls are worked meanwhile; one that is stopped says so; the end stops the rest."""
    bench.post("1", "hang")
    bench.post("2", "hang")
    bench.post("3", "x")
    assert bench.heard()["call"] == "3"
    bench.bench.take({"event": "stop", "call": "1"})
    bench.bench.take({"event": "stop", "call": "unknown"})
    assert bench.heard()["call"] == "1"
    bench.bench.close()
    assert bench.heard()["call"] == "2"


def test_a_word_to_one_person_and_a_reminder(bench: Bench) -> None:
    """The class has them as the courier means them."""
    receipt = Receipt(channel="mine", reference="1").to_json()
    answer = Reply(reference="r", person="bob", text="yes", at=question().asked_at)
    bench.ask("1", does="respond", receipt=receipt, reply=answer.to_json(), text="too late")
    assert bench.heard()["error"]["says"] == "1 bob too late"
    reminder = Message(title="5 min left", mention=("bob",)).to_json()
    bench.ask("2", does="remind", receipt=receipt, message=reminder, key="key")
    assert bench.heard()["error"]["says"] == "1 5 min left ('bob',) key"


def test_answers_until_the_courier_is_gone(bench: Bench) -> None:
    """They are brought one by one; a reason too long for a frame is cut."""
    receipt = Receipt(channel="mine", reference="1").to_json()
    bench.ask("1", does="replies", question=question().to_json(), receipt=receipt)
    said = bench.heard()
    assert (said["do"], said["call"]) == ("brought", "1")
    assert len(said["reply"]["text"]) == 100_000
    bench.bench.drop()
    assert bench.heard()["do"] == "worked"


def test_what_it_is_able_to_work(bench: Bench) -> None:
    """Channels of registered kinds, by the number of the registration; the inbox is the courier's."""
    before = able(bench.project)
    add(Moody, channels.packaged())
    after = able(bench.project)
    assert before.keys() == after.keys() == {"mine"}
    assert after["mine"] > before["mine"] > 0
    registry._classes.clear()
    assert able(bench.project) == {}
