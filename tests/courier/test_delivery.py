from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from nbalert.courier.pauses import FIRST_DELAY_S, LONGEST_DELAY_S, backoff_s
from nbalert.courier.project import Project
from nbalert.home import Home
from nbalert.message import Message
from tests.chat_servers.webhook import GARBAGE, HANG, OK, RESET, Answer, Webhook, status
from tests.courier.rooms import Rooms, run
from tests.inboxes import Inbox, question


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


def test_a_wall_clock_that_is_set_back(home: Home) -> None:
    """By a day, while a delivery is put off, or after an alert of a process that is gone: neither waits."""
    with Webhook() as server:
        server.plan(status(503))

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            posted = rooms.accept(Message(title="put off"))
            await rooms.until(lambda: rooms.row(posted)["attempts"] == 1)
            rooms.store.execute("UPDATE delivery SET next_attempt_at = next_attempt_at + 86400")
            await rooms.until(lambda: rooms.settled == [posted])
            rooms.strangers.add("o")
            rooms.store.execute("UPDATE message SET accepted_at = accepted_at + 86400")
            orphan = rooms.accept(Message(title="of nobody"))
            rooms.store.execute("UPDATE message SET accepted_at = accepted_at + 86400 WHERE id = ?", orphan)
            await rooms.until(lambda: len(rooms.settled) == 2)

        run(home, work)


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


HTTPS = "https://127.0.0.1:9"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"enabled": False}, "channel ci is switched off"),
        (
            {"url": "https://127.0.0.1:9", "tls": {"ca": "/gone.crt"}},
            "channels.ci.tls: cannot read the certificate files",
        ),
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
        decision = rooms.contents.message(row).decision
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


DENIALS = [401, 403, 404, 407, 410]


@pytest.mark.parametrize("code", DENIALS)
def test_what_is_denied_is_kept(code: int, home: Home) -> None:
    """No message would pass: each waits, its sender hears why, and all go, in order, once that is mended."""
    with Webhook() as server:
        server.always(status(code))

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            ids = [rooms.accept(Message(title=str(n))) for n in range(2)]
            await rooms.until(lambda: [m for messages, _ in rooms.kept for m in messages] == ids)
            assert all("check the" in reason or "proxy" in reason for _, reason in rooms.kept)
            assert rooms.row(ids[0])["error"] == rooms.kept[0][1]
            assert rooms.settled == []
            server.always(OK)
            assert "ci" in rooms.learn(server.url, timeout_s=9)
            await rooms.until(lambda: rooms.settled == ids)

        run(home, work)
        assert server.titles == ["0", "1"]


def test_a_question_that_is_denied_ends_at_once(home: Home) -> None:
    """Also behind an alert that waits: it holds up a cell. The alert is tried again, and goes on waiting."""
    with Webhook() as server:
        server.always(status(401))

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            alert = rooms.accept(Message(title="alert"))
            await rooms.until(lambda: rooms.kept)
            asked = rooms.accept(Message(title="?", question=question()))
            await rooms.until(lambda: rooms.settled == [asked])
            assert (rooms.row(asked)["state"], rooms.row(alert)["state"]) == ("failed", "waiting")
            assert "check the token" in rooms.row(asked)["error"]

        run(home, work)
        assert {request.title for request in server.requests} == {"alert"}


def test_a_permission_given_back(home: Home) -> None:
    """The settings need not change: the next message is reason enough to try."""
    with Webhook() as server:
        server.always(status(403))

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            first = rooms.accept(Message(title="first"))
            await rooms.until(lambda: rooms.kept)
            server.always(OK)
            second = rooms.accept(Message(title="second"))
            await rooms.until(lambda: rooms.settled == [first, second])

        run(home, work)
        assert server.titles == ["first", "second"]


def test_settings_that_are_mended_while_it_is_denied(home: Home) -> None:
    """They come while the service is still saying no to the old ones: the new ones are tried at once."""
    with Webhook() as old, Webhook() as new:
        old.always(Answer(401, delay_s=0.3))

        async def work(rooms: Rooms) -> None:
            rooms.learn(old.url)
            posted = rooms.accept(Message(title="x"))
            await asyncio.sleep(0)  # it is under way
            rooms.learn(new.url)
            await rooms.until(lambda: rooms.settled == [posted])

        run(home, work)
        assert (old.titles, new.titles) == ([], ["x"])


def test_mended_settings_end_a_pause(home: Home) -> None:
    """Whoever mends an address does not wait for the next try; another channel's settings change nothing."""
    with Webhook() as busy, Webhook() as live:
        busy.always(status(429, Retry_After="3600"))

        async def work(rooms: Rooms) -> None:
            rooms.learn(busy.url)
            posted = rooms.accept(Message(title="x"))
            await rooms.until(lambda: rooms.row(posted)["attempts"])
            rooms.delivery.renew("p", {"other"})
            rooms.delivery.renew("another", {"ci"})
            assert not rooms.learn(busy.url)
            rooms.accept(Message(title="y"))
            await asyncio.sleep(0.2)  # that nothing happens cannot be waited for
            assert len(busy.requests) == 1
            rooms.learn(live.url)
            await rooms.until(lambda: len(rooms.settled) == 2)

        run(home, work)
        assert live.titles == ["x", "y"]


def test_a_service_s_wish_outlives_the_courier(home: Home) -> None:
    """The next one knows not whether the settings are new: it waits as long as it was told to."""
    with Webhook() as server:
        server.plan(status(429, Retry_After="3600"))

        async def begin(rooms: Rooms) -> None:
            rooms.learn(server.url)
            posted = rooms.accept(Message(title="x"))
            await rooms.until(lambda: rooms.row(posted)["attempts"])

        async def go_on(rooms: Rooms) -> None:
            rooms.delivery.wake()
            await asyncio.sleep(0)
            rooms.learn(server.url)
            await asyncio.sleep(0.2)  # that nothing happens cannot be waited for

        run(home, begin)
        run(home, go_on)
        assert len(server.requests) == 1


def test_a_decision_that_may_not_be_shown(home: Home) -> None:
    """Is given up: it must not hold up what may be said."""

    async def work(rooms: Rooms) -> None:
        with Inbox(home.root / "team") as inbox:
            token = inbox.server.sender_token("courier")
            table = {"kind": "inbox", "url": inbox.url, "token": token}
            rooms.projects.learn(Project("p", "ci", {"ci": table}))
            posted = rooms.accept(Message(title="?", question=question()))
            await rooms.until(lambda: rooms.settled == [posted])
            with inbox.server._people() as people:
                people.revoke("courier")
            rooms.ledger.cancel(question().id, "interrupted")
            ended = "SELECT * FROM delivery WHERE kind = 'update' AND state = 'failed'"
            await rooms.until(lambda: rooms.store.row(ended))

    run(home, work)


def test_the_sender_s_own_settings_are_waited_for(home: Home) -> None:
    """A new kernel's file may be found before its word: it goes by what that kernel brings."""
    with Webhook() as old, Webhook() as new:

        async def work(rooms: Rooms) -> None:
            rooms.strangers.add("o")
            rooms.learn(old.url)
            posted = rooms.accept(Message(title="x"))
            await asyncio.sleep(0.1)  # that nothing happens cannot be waited for
            rooms.learn(new.url)
            rooms.strangers.clear()
            rooms.delivery.go_on("p")
            await rooms.until(lambda: rooms.settled == [posted])

        run(home, work)
        assert (old.titles, new.titles) == ([], ["x"])


def test_a_sender_that_never_comes(home: Home) -> None:
    """It may have been killed at once: its message goes all the same, by the settings that are known."""
    with Webhook() as server:

        async def work(rooms: Rooms) -> None:
            rooms.strangers.add("o")
            rooms.learn(server.url)
            posted = rooms.accept(Message(title="x"))
            await rooms.until(lambda: rooms.settled == [posted])

        run(home, work)
