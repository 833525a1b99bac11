"""One message a run, whatever happens to its channel, its courier and its clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast

import pytest

from nbalert.courier.attendance import Presence
from nbalert.courier.project import Project
from nbalert.endings import Telling
from nbalert.home import Home
from nbalert.line import Peer
from nbalert.message import Level, Message, Source
from tests.chat_servers.webhook import LOST, Answer, Request, Webhook, status
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run

EVERY_S = 60.0


@pytest.fixture
def chat() -> Iterator[Webhook]:
    """What the channel of kind inbox talks to: it edits in place."""
    with Webhook(lambda request: Answer(body=b'{"id": "m1", "link": ""}')) as server:
        yield server


class Followed:
    """A run of a process `o`, followed by these rooms."""

    def __init__(self, rooms: Rooms, chat: Webhook, clock: HandClock, *, is_ready: bool = True) -> None:
        self.rooms, self.chat, self.clock = rooms, chat, clock
        self.told: dict[str, Any] = {
            "title": "Fit",
            "channels": [""],
            "output": "",
            "source": asdict(Source()),
            "started_at": clock.time_s(),
            "every_s": EVERY_S,
        }
        self.learn(is_ready=is_ready)
        self.presence = Presence(cast(Peer, None), "o", 1, "", "p", runs={"r": self.told})
        rooms.attendance.enter(self.presence)
        rooms.attendance.introduce(self.presence)

    def learn(self, *, is_ready: bool) -> None:
        """Its project's settings, with the channel switched off or on."""
        table = {"kind": "inbox", "url": self.chat.url, "enabled": is_ready}
        self.rooms.delivery.renew("p", self.rooms.projects.learn(Project("p", "team", {"team": table})))

    def tick(self, count: int = 1) -> None:
        """So many intervals pass."""
        for _ in range(count):
            self.clock.go_on(EVERY_S)
            self.rooms.progress.work()

    def end(self, title: str = "Fit ended", telling: Telling = Telling.ALWAYS) -> str:
        """Its last message is taken from the spool."""
        data = {"kind": "message", "origin": "o", "project": "p", "channels": [""], "run": "r"}
        message = Message(title=title, level=Level.OK).to_json()
        entry = self.rooms.spool.put({**data, "message": message, "telling": telling})
        self.rooms.intake.take()
        return entry

    async def until(self, *titles: str) -> None:
        """Wait until the service has taken these, in this order and no others, and that is known here."""
        await self.rooms.until(lambda: [title_of(r) for r in self.chat.accepted] == list(titles))
        await self.quiet()

    async def quiet(self) -> None:
        """Wait until nothing waits."""
        await self.rooms.until(lambda: not self.waiting)

    @property
    def waiting(self) -> list[str]:
        """Kinds of the deliveries that wait."""
        return [
            row["kind"] for row in self.rooms.store.rows("SELECT kind FROM delivery WHERE state = 'waiting'")
        ]


def title_of(request: Request) -> str:
    """`POST Fit …`, without the time."""
    title = str(json.loads(request.body)["message"]["title"])
    return f"{request.method} {title.partition(' for ')[2] or title}"


def test_what_is_newer_takes_the_place_of_what_waits(home: Home, chat: Webhook) -> None:
    """A service that asks to wait gets one update afterwards, the newest; the end overtakes what waits."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        fit = Followed(rooms, chat, clock)
        fit.tick()
        await fit.until("POST 1 min")
        chat.plan(status(429, Retry_After="1"))
        fit.tick()
        await rooms.until(lambda: len(chat.requests) == 2)
        fit.tick(3)
        assert fit.waiting == ["update"]
        await fit.until("POST 1 min", "PUT 5 min")
        chat.plan(status(429, Retry_After="1"))
        fit.tick()
        await rooms.until(lambda: len(chat.requests) == 4)
        entry = fit.end()
        await rooms.until(lambda: entry in rooms.settled)
        await fit.quiet()
        fit.tick()
        assert fit.waiting == []

    run(home, work, clock)
    assert [title_of(request) for request in chat.accepted][-1] == "PUT Fit ended"
    assert [request.method for request in chat.accepted].count("POST") == 1


def test_an_end_is_never_two(home: Home, chat: Webhook) -> None:
    """Where the answer to its edit is lost it is edited again; its receipt is that of the progress."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        fit = Followed(rooms, chat, clock)
        fit.tick()
        await fit.until("POST 1 min")
        chat.plan(LOST)
        entry = fit.end()
        await rooms.until(lambda: entry in rooms.settled)
        assert json.loads(rooms.row(entry)["receipt"])["reference"] == "m1"

    run(home, work, clock)
    assert [title_of(request) for request in chat.requests] == [
        "POST 1 min",
        "PUT Fit ended",
        "PUT Fit ended",
    ]


def test_a_message_that_is_gone(home: Home, chat: Webhook) -> None:
    """Somebody has deleted it: what is newer is posted, and from then on that is edited."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        fit = Followed(rooms, chat, clock)
        fit.tick()
        await fit.until("POST 1 min")
        chat.plan(status(404), Answer(body=b'{"id": "m2", "link": ""}'))
        fit.tick()
        await rooms.until(lambda: len(chat.requests) == 3 and not fit.waiting)
        fit.end()
        await fit.quiet()

    run(home, work, clock)
    done = [(request.method, request.path.rpartition("/")[2]) for request in chat.requests]
    assert done == [("POST", "messages"), ("PUT", "m1"), ("POST", "messages"), ("PUT", "m2")]


def test_a_service_that_refuses_the_first(home: Home, chat: Webhook) -> None:
    """The next one is tried as if it were the first; at its end nothing is left to be retried."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        fit = Followed(rooms, chat, clock)
        chat.plan(status(400))
        fit.tick()
        await fit.quiet()
        fit.tick()
        await fit.until("POST 2 min")
        fit.end(telling=Telling.END)
        await fit.until("POST 2 min", "PUT Fit ended")
        assert rooms.store.rows("SELECT * FROM delivery WHERE state = 'failed'") == []

    run(home, work, clock)


@pytest.mark.parametrize("telling", [Telling.END, Telling.ALWAYS])
def test_what_nobody_has_heard_of(telling: Telling, home: Home, chat: Webhook) -> None:
    """Progress that could not be sent before the end is not sent; an end that is told anyway is posted."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        fit = Followed(rooms, chat, clock, is_ready=False)
        fit.tick(2)
        fit.end(telling=telling)
        fit.learn(is_ready=True)
        await fit.quiet()

    run(home, work, clock)
    told = [] if telling is Telling.END else ["POST Fit ended"]
    assert [title_of(request) for request in chat.requests] == told


def test_a_courier_that_is_killed_while_it_posts(home: Home, chat: Webhook) -> None:
    """Its first message may be in the chat: the next courier finds out with the same key, and ends it."""
    clock = HandClock()

    async def before(rooms: Rooms) -> None:
        Followed(rooms, chat, clock, is_ready=False).tick()

    async def after(rooms: Rooms) -> None:
        fit = Followed(rooms, chat, clock)
        fit.end(telling=Telling.END)
        await fit.quiet()

    run(home, before, clock)
    run(home, after, clock)
    assert [request.method for request in chat.requests] == ["POST", "PUT"]
    assert title_of(chat.requests[-1]) == "PUT Fit ended"


def test_a_wall_clock_that_is_set(home: Home, chat: Webhook) -> None:
    """Time goes on as it passes; a machine that slept has not stopped it."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        fit = Followed(rooms, chat, clock)
        assert rooms.progress.work() == EVERY_S
        for seconds in (86400, -2 * 86400):
            clock.set_by(seconds)
            assert rooms.progress.work() == EVERY_S
        fit.tick()
        await fit.until("POST 1 min")
        clock.go_on(3600)
        rooms.progress.work()
        await fit.until("POST 1 min", "PUT 1 h 1 min")

    run(home, work, clock)


def test_who_is_gone_without_a_word(home: Home, chat: Webhook) -> None:
    """Nothing goes on saying that it runs: not where a machine went down, nor where an end was not kept."""
    clock = HandClock()

    async def work(rooms: Rooms) -> None:
        fit = Followed(rooms, chat, clock)
        fit.told["after_s"] = 2.5 * EVERY_S
        fit.tick(2)
        assert fit.waiting == []
        fit.tick()
        await fit.until("POST 3 min")
        rooms.attendance.leave(fit.presence)
        fit.tick()
        await asyncio.sleep(0.05)
        await fit.until("POST 3 min")
        rooms.gone.add("o")
        rooms.progress.work()
        await fit.until("POST 3 min", "PUT Fit is over, and how it ended is not known")

    run(home, work, clock)
