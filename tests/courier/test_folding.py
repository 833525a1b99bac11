from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from nbalert.courier.project import Project
from nbalert.home import Home
from nbalert.message import Level, Message, Source
from tests.chat_servers.webhook import RESET, Answer, Webhook
from tests.courier.rooms import Rooms, run

FAILED = Message(
    title="Fit failed after 2 s",
    level=Level.CRITICAL,
    error="ValueError: no rows",
    source=Source(notebook="fit.ipynb", cell_id="a"),
)


@pytest.fixture
def chat() -> Iterator[Webhook]:
    """What the channels talk to: of kind inbox it edits, a webhook does not."""
    with Webhook(lambda request: Answer(body=b'{"id": "m1", "link": ""}')) as server:
        yield server


def brought(rooms: Rooms, chat: Webhook, kind: str = "inbox", **limits: object) -> None:
    """A process of the project brings its channel."""
    table = {"kind": kind, "url": chat.url}
    rooms.projects.learn(Project("p", "ci", {"ci": table}, limits={"ci": limits}))


def said(chat: Webhook) -> list[tuple[str, str]]:
    """How each message was sent, and its title."""
    bodies = [(request.method, json.loads(request.body)) for request in chat.accepted]
    return [(method, (body.get("message") or body["data"])["title"]) for method, body in bodies]


async def until_quiet(rooms: Rooms) -> None:
    """Until nothing waits."""
    rooms.delivery.wake()
    await rooms.until(lambda: not rooms.store.rows("SELECT 1 FROM delivery WHERE state = 'waiting'"))


def test_many_kernels_that_fail_alike(home: Home, chat: Webhook) -> None:
    """Are one message, which counts: where it stands already, it is edited."""

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat)
        rooms.accept(FAILED, "", origin="kernel 0")
        await until_quiet(rooms)
        for number in range(1, 8):
            longer = replace(FAILED, title=f"Fit failed after {number} s", duration_s=float(number))
            entry = rooms.accept(longer, "ci", origin=f"kernel {number}")
            assert entry in rooms.settled
        await until_quiet(rooms)

    run(home, work)
    assert said(chat)[0] == ("POST", "Fit failed after 2 s")
    assert said(chat)[-1] == ("PUT", "Fit failed after 2 s (× 8)")
    assert [method for method, _ in said(chat)].count("POST") == 1


def test_a_channel_that_cannot_edit(home: Home, chat: Webhook) -> None:
    """Is told with the next message of that alert, once, how many more there were."""

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat, "webhook")
        rooms.accept(FAILED, origin="kernel 0")
        await until_quiet(rooms)
        rooms.accept(FAILED, origin="kernel 1")
        rooms.accept(FAILED, origin="kernel 2")
        await until_quiet(rooms)
        for _ in range(2):
            rooms.store.execute("UPDATE folded SET at = at - 60")
            rooms.accept(FAILED, origin="kernel 3")
            await until_quiet(rooms)

    run(home, work)
    texts = [json.loads(request.body)["data"]["text"] for request in chat.accepted]
    assert texts == ["", "2 more of the one before came within seconds of it.", ""]


def test_what_waits_counts_where_it_is_posted(home: Home, chat: Webhook) -> None:
    """The first is still to be sent: it is sent with the count of then."""
    chat.plan(RESET)

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat, "webhook")
        for number in range(5):
            rooms.accept(FAILED, origin=f"kernel {number}")
        await until_quiet(rooms)

    run(home, work)
    assert [title for _, title in said(chat)] == ["Fit failed after 2 s (× 5)"]


@pytest.mark.parametrize(
    ("other", "fold"),
    [
        (lambda: replace(FAILED, level=Level.WARNING), 10),
        (lambda: replace(FAILED, error="ValueError: no columns"), 10),
        (lambda: replace(FAILED, metadata={"rank": 1}), 10),
        (lambda: replace(FAILED, source=Source(notebook="fit.ipynb", cell_id="b")), 10),
        (lambda: FAILED, "off"),
    ],
    ids=["level", "error", "metadata", "cell", "off"],
)
def test_what_is_not_alike(other: Callable[[], Message], fold: object, home: Home, chat: Webhook) -> None:
    """Is told by itself."""

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat, fold=fold)
        rooms.accept(FAILED, origin="kernel 0")
        rooms.accept(other(), origin="kernel 1")
        await until_quiet(rooms)

    run(home, work)
    assert [method for method, _ in said(chat)] == ["POST", "POST"]


def test_what_one_process_says_twice(home: Home, chat: Webhook) -> None:
    """It means twice."""

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat)
        for _ in range(3):
            rooms.accept(FAILED)
        await until_quiet(rooms)

    run(home, work)
    assert said(chat) == [("POST", "Fit failed after 2 s")] * 3


def test_good_news(home: Home, chat: Webhook) -> None:
    """Of two processes are two."""

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat)
        for number in range(2):
            rooms.accept(Message(title="backup done", level=Level.INFO), origin=f"process {number}")
        await until_quiet(rooms)

    run(home, work)
    assert said(chat) == [("POST", "backup done")] * 2


def test_nothing_is_folded_into_what_was_given_up(home: Home, chat: Webhook) -> None:
    """The next of its kind is tried by itself."""
    chat.plan(Answer(400))

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat, "webhook")
        rooms.accept(FAILED, origin="kernel 0")
        await until_quiet(rooms)
        rooms.accept(FAILED, origin="kernel 1")
        await until_quiet(rooms)

    run(home, work)
    assert said(chat) == [("POST", "Fit failed after 2 s")]
