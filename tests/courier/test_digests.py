from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from nbalert.courier.digest_text import Gathered, digest_text, interval_text
from nbalert.courier.project import Project
from nbalert.handlers import Handler
from nbalert.home import Home
from nbalert.message import Level, Message, Source
from tests.chat_servers.webhook import RESET, Answer, Webhook
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run
from tests.inboxes import question

DAY_S = 86400.0


@pytest.fixture
def chat() -> Iterator[Webhook]:
    """What the channels of kind inbox talk to."""
    with Webhook(lambda request: Answer(body=b'{"id": "m1", "link": ""}')) as server:
        yield server


def nightly(**more: Any) -> Handler:
    """Gathers all alerts of the topic `nightly` for a day."""
    values = {"id": "nightly", "topic": "nightly", "channel": "ci", "aggregate": {"interval": "24h"}, **more}
    return Handler.model_validate(values)


def brought(rooms: Rooms, url: str, *handlers: Handler, **limits: Any) -> None:
    """A process of the project brings its webhook, and handlers."""
    tables = {name: {"kind": "inbox", "url": url} for name in ("ci", "quiet")}
    told = tuple(handler.model_dump(mode="json") for handler in handlers)
    rooms.projects.learn(Project("p", "quiet", tables, handlers=told, limits={"ci": limits}))


def failed(number: int, cell: str = "a") -> Message:
    """An alert of a cell that has failed."""
    where = Source(notebook="fit.ipynb", cell_id=cell)
    error = f"ValueError: no rows in part {number}"
    return Message(
        title=f"Fit {cell} failed", level=Level.CRITICAL, topic="nightly", error=error, source=where
    )


def posted(chat: Webhook) -> list[dict[str, Any]]:
    """What the service was posted but single alerts of cells."""
    posts = [request for request in chat.accepted if request.method == "POST"]
    messages = [json.loads(request.body)["message"] for request in posts]
    return [message for message in messages if not message["title"].startswith("Fit")]


def heard(chat: Webhook) -> list[str]:
    """Their titles."""
    return [message["title"] for message in posted(chat)]


async def until_quiet(rooms: Rooms) -> None:
    """Until nothing waits."""
    rooms.delivery.wake()
    await rooms.until(lambda: not rooms.store.rows("SELECT 1 FROM delivery WHERE state = 'waiting'"))


def test_what_a_digest_says() -> None:
    """By alert: how often, how bad, from when to when, and what was said last; the worst first."""
    alerts = [
        Gathered(0.0, Level.OK, "b", "Load finished", ""),
        Gathered(60.0, Level.CRITICAL, "a", "Fit failed", "ValueError: old"),
        Gathered(3600.0, Level.CRITICAL, "a", "Fit failed", "ValueError: new\nmore"),
        Gathered(7200.0, Level.OK, "a", "Fit finished", ""),
    ]
    worst, other = digest_text(alerts).splitlines()
    assert worst.startswith("3 × (2 CRITICAL, 1 OK)  Fit failed: ValueError: new more (")
    assert "old" not in worst
    assert " – " in worst
    assert other.startswith("1 × OK  Load finished (")


@pytest.mark.parametrize(
    ("seconds", "text"), [(DAY_S, "24 h"), (7 * DAY_S, "7 d"), (1800.0, "30 min"), (45.0, "45 s")]
)
def test_how_an_interval_reads(seconds: float, text: str) -> None:
    """As people write it."""
    assert interval_text(seconds) == text


def test_a_day_of_errors_is_one_message(home: Home, chat: Webhook) -> None:
    """Whoever hears digests hears 500 errors as one message, with its counts, once the day is over."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat.url, nightly())
        for number in range(500):
            rooms.accept(failed(number, "ab"[number % 2]), "quiet")
        clock.go_on(DAY_S - 1)
        assert rooms.digests.work(rooms.intake.insert) == 1.0
        clock.go_on(1)
        assert rooms.digests.work(rooms.intake.insert) is None
        rooms.digests.work(rooms.intake.insert)
        await until_quiet(rooms)

    run(home, work, clock)
    assert heard(chat) == ["500 alerts in the last 24 h"]
    (message,) = posted(chat)
    assert message["level"] == "CRITICAL"
    assert [line.partition("  ")[0] for line in message["text"].splitlines()] == ["250 × CRITICAL"] * 2
    assert "no rows in part 499" in message["text"]


@pytest.mark.parametrize("moved_s", [-7200.0, 0.0, 7200.0])
def test_a_clock_that_is_set(moved_s: float, home: Home, chat: Webhook) -> None:
    """A digest comes once: when its time has passed, or a little early, but never late or twice."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat.url, nightly())
        rooms.accept(failed(1), "quiet")
        clock.set_by(moved_s)
        clock.go_on(DAY_S)
        for _ in range(3):
            rooms.digests.work(rooms.intake.insert)
            clock.set_by(-moved_s)
        await until_quiet(rooms)

    run(home, work, clock)
    assert heard(chat) == ["1 alerts in the last 24 h"]


def test_what_was_due_while_no_courier_ran(home: Home, chat: Webhook) -> None:
    """After a reboot the next courier tells it, once."""
    clock = HandClock()

    async def gather(rooms: Rooms) -> None:
        brought(rooms, chat.url, nightly())
        rooms.accept(failed(1), "quiet")
        rooms.accept(failed(2), "quiet")

    async def tell(rooms: Rooms) -> None:
        brought(rooms, chat.url, nightly())
        rooms.digests.work(rooms.intake.insert)
        await until_quiet(rooms)

    run(home, gather, clock)
    clock.go_on(2 * DAY_S)
    clock.reboot()
    for _ in range(2):
        run(home, tell, clock)
    assert heard(chat) == ["2 alerts in the last 24 h"]


def test_a_digest_that_is_published(home: Home, chat: Webhook) -> None:
    """It is an alert of that topic, and handlers of it hear it."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        gathers = nightly(channel="", publish="reports")
        brought(rooms, chat.url, gathers, Handler(id="reports", topic="reports", channel="ci"))
        rooms.accept(failed(1), "quiet")
        clock.go_on(DAY_S)
        rooms.digests.work(rooms.intake.insert)
        await until_quiet(rooms)

    run(home, work, clock)
    assert heard(chat) == ["1 alerts in the last 24 h"]
    assert posted(chat)[0]["topic"] == "reports"


def test_no_more_than_the_rate(home: Home, chat: Webhook) -> None:
    """The excess of a rate is one digest, told when there is room again; questions are told at once."""
    clock = HandClock(time.time())

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat.url, rate="3/min", fold="off")
        for number in range(10):
            rooms.accept(Message(title=f"alert {number}"))
        asks = rooms.accept(Message(title="asks", question=question()))
        assert rooms.row(asks)["state"] == "waiting"
        await until_quiet(rooms)
        rooms.digests.work(rooms.intake.insert)
        clock.go_on(61)
        rooms.digests.work(rooms.intake.insert)
        await until_quiet(rooms)
        rooms.accept(Message(title="after"))
        await until_quiet(rooms)

    run(home, work, clock)
    assert heard(chat) == [
        *("alert 0", "alert 1", "alert 2", "asks"),
        "7 more alerts: rate = 3/min was reached",
        "after",
    ]


def test_a_service_that_was_away(home: Home, chat: Webhook) -> None:
    """When it comes back it hears what the rate allows, and the rest as one digest."""
    clock = HandClock(time.time())

    async def work(rooms: Rooms) -> None:
        brought(rooms, chat.url, rate="2/s", fold="off")
        chat.plan(RESET, RESET)
        for number in range(6):
            rooms.accept(Message(title=f"alert {number}"))
            clock.go_on(10)
        rooms.digests.work(rooms.intake.insert)
        await until_quiet(rooms)
        clock.go_on(10)
        rooms.digests.work(rooms.intake.insert)
        await until_quiet(rooms)

    run(home, work, clock)
    assert heard(chat) == ["alert 0", "alert 1", "4 more alerts: rate = 2/s was reached"]
