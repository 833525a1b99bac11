from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from nbalert.courier.delivery import FIRST_DELAY_S, LONGEST_DELAY_S, backoff_s
from nbalert.home import Home
from nbalert.message import Message
from tests.chat_servers.webhook import GARBAGE, HANG, RESET, Answer, Webhook, status
from tests.courier.rooms import Rooms, run
from tests.inboxes import question


@pytest.mark.parametrize("attempts", [0, 1, 5, 100, 10_000])
def test_backoff(attempts: int) -> None:
    """It doubles, has an end, and is not the same for everybody."""
    waits = {backoff_s(attempts) for _ in range(100)}
    most = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(attempts, 20))
    assert most / 2 <= min(waits) < max(waits) <= most


@pytest.mark.parametrize(
    "answers", [[status(500), status(502)], [RESET], [GARBAGE], [HANG], [status(429)]], ids=str
)
def test_trouble_is_tried_again(answers: list[Answer], home: Home) -> None:
    """With the same key, until it is there; nothing overtakes it."""
    with Webhook() as server:
        server.plan(*answers)

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url, timeout_s=0.3)
            ids = [rooms.accept(Message(title=str(n))) for n in range(3)]
            await rooms.until(lambda: rooms.settled == ids)
            assert rooms.row(ids[0])["attempts"] == len(answers) + 1

        run(home, work)
        assert [request.title for request in server.accepted] == ["0", "1", "2"]
        assert [r.title for r in server.requests] == ["0"] * len(answers) + ["0", "1", "2"]
        assert len({request.key for request in server.requests}) == 3


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(as_date: bool, home: Home) -> None:
    """In seconds or as a date: no try before that time."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3 if as_date else 1)
    with Webhook() as server:
        wish = format_datetime(until, usegmt=True) if as_date else "1"
        server.plan(status(429, Retry_After=wish))

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            began = time.time()
            posted = rooms.accept(Message(title="x"))
            await rooms.until(lambda: rooms.settled == [posted])
            assert time.time() >= (until.timestamp() if as_date else began + 1)

        run(home, work)


def test_a_wish_without_end_is_asked_again_after_a_day(home: Home) -> None:
    """A service cannot stop its channel for ever."""
    with Webhook() as server:
        server.plan(status(429, Retry_After="inf"))

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            posted = rooms.accept(Message(title="x"))
            await rooms.until(lambda: rooms.row(posted)["attempts"])
            assert rooms.row(posted)["next_attempt_at"] < time.time() + 86401

        run(home, work)


@pytest.mark.parametrize("code", [301, 400, 413])
def test_a_refusal_is_final(code: int, home: Home) -> None:
    """It is said why, without the secret address, and the next message goes on."""
    with Webhook() as server:
        server.plan(status(code, Location="/elsewhere"))

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            ids = [rooms.accept(Message(title=str(n))) for n in range(2)]
            await rooms.until(lambda: rooms.settled == ids)
            first, second = (rooms.row(posted) for posted in ids)
            assert (first["state"], second["state"]) == ("failed", "delivered")
            assert f"answered {code}" in first["error"]
            assert "secret" not in first["error"]

        run(home, work)
        assert server.titles == ["1"]


def test_what_is_not_ready_waits(home: Home) -> None:
    """For a name, a secret or settings that are mended, and says for what; then it goes at once."""
    with Webhook() as server:

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            posted = rooms.accept(Message(title="x"), "other")
            await rooms.until(lambda: rooms.row(posted)["error"])
            assert rooms.row(posted)["error"] == "unknown channel 'other'; known channels: ci"
            project = rooms.projects._projects["p"]
            rooms.projects.learn(type(project)("p", "ci", {"other": project.channels["ci"]}))
            began = time.monotonic()
            rooms.delivery.renew("p", {"other"})
            await rooms.until(lambda: rooms.settled == [posted])
            assert time.monotonic() - began < 3

        run(home, work)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"enabled": False}, "channel ci is switched off"),
        ({"tls": {"ca": "/gone.crt"}}, "channels.ci.tls: cannot read the certificate files"),
        ({"url": ["s3cr3t"]}, "channel ci cannot be made: ValidationError"),
    ],
)
def test_wrong_settings_wait_and_are_not_given_up(values: dict[str, object], says: str, home: Home) -> None:
    """They can be mended."""

    async def work(rooms: Rooms) -> None:
        rooms.learn(**{"url": "http://127.0.0.1:9", **values})  # type: ignore[arg-type]
        posted = rooms.accept(Message(title="x"))
        await rooms.until(lambda: rooms.row(posted)["error"])
        assert says in rooms.row(posted)["error"]
        assert (rooms.row(posted)["state"], rooms.row(posted)["attempts"]) == ("waiting", 0)

    run(home, work)


def test_one_channel_does_not_wait_for_another(home: Home) -> None:
    """A channel that never answers holds up nobody else."""
    with Webhook() as hole, Webhook() as live:
        hole.always(HANG)

        async def work(rooms: Rooms) -> None:
            project = {n: {"kind": "webhook", "url": s.url} for n, s in (("hole", hole), ("live", live))}
            rooms.projects.learn(type(rooms.projects._project(""))("p", "", project))
            rooms.accept(Message(title="x"), "hole")
            posted = rooms.accept(Message(title="x"), "live")
            await rooms.until(lambda: rooms.settled == [posted])

        run(home, work)


def test_the_end_waits_for_what_is_under_way(home: Home) -> None:
    """A post that is just being answered is not sent a second time by the next courier."""
    with Webhook() as server:
        server.plan(Answer(delay_s=0.3))

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            rooms.accept(Message(title="x"))
            await asyncio.to_thread(lambda: asyncio.run(asyncio.sleep(0.1)))  # it is under way

        run(home, work)

        async def look(rooms: Rooms) -> None:
            (row,) = rooms.store.rows("SELECT state FROM delivery")
            assert row["state"] == "delivered"

        run(home, look)
        assert len(server.requests) == 1


def test_a_killed_courier_s_rows_are_taken_up(home: Home) -> None:
    """What waited in the store is delivered by the next one, with the same key, in order."""
    with Webhook() as server:
        server.plan(HANG)

        async def begin(rooms: Rooms) -> None:
            rooms.learn(server.url)
            for n in range(3):
                rooms.accept(Message(title=str(n)))
            await rooms.until(lambda: server.requests)

        run(home, begin)

        async def go_on(rooms: Rooms) -> None:
            rooms.learn(server.url)
            rooms.delivery.wake()
            await rooms.until(lambda: len(rooms.settled) == 3)

        run(home, go_on)
        assert [r.title for r in server.requests] == ["0", "0", "1", "2"]
        assert server.requests[0].key == server.requests[1].key


def test_a_channel_is_not_closed_while_it_is_used(home: Home) -> None:
    """Settings that change in the middle of a post harm it not; the next one uses the new ones."""
    with Webhook() as old, Webhook() as new:
        old.plan(Answer(delay_s=0.3))

        async def work(rooms: Rooms) -> None:
            assert rooms.learn(old.url)
            assert not rooms.learn(old.url)
            rooms.accept(Message(title="old"))
            await asyncio.sleep(0)
            with rooms.projects.using("p", "ci") as first:
                assert rooms.learn(new.url)
                with rooms.projects.using("p", "ci") as second:
                    assert first is not second
            rooms.accept(Message(title="new"))
            await rooms.until(lambda: len(rooms.settled) == 2)

        run(home, work)
        assert (old.titles, new.titles) == (["old"], ["new"])


def test_a_question_that_ended_on_its_way_is_shown_as_ended(home: Home) -> None:
    """Nobody is asked what has been cancelled meanwhile."""

    async def work(rooms: Rooms) -> None:
        posted = rooms.accept(Message(title="?", question=question()))
        rooms.ledger.cancel(question().id, "interrupted")
        (row,) = rooms.store.rows("SELECT d.*, m.body FROM delivery d JOIN message m WHERE d.kind = 'post'")
        decision = rooms.delivery._current(row).decision
        assert row["message"] == posted
        assert decision is not None
        assert decision.sentence == "cancelled: interrupted"

    run(home, work)


def test_nan_reaches_the_service(home: Home) -> None:
    """A loss of nan is what one wants to hear of."""
    with Webhook() as server:

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            rooms.accept(Message(title="x", metadata={"loss": float("nan")}))
            await rooms.until(lambda: rooms.settled)

        run(home, work)
        assert server.accepted[0].message["metadata"] == {"loss": "nan"}
