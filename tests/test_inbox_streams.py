from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from nbalert.inbox import People
from nbalert.inbox.site import SEATS_EACH
from tests.inboxes import Inbox, QuickServer, events, post, question, reply
from tests.test_inbox_handlers import some_message


def test_answer_is_pushed(tmp_path: Path) -> None:
    """An answer reaches its courier without asking, and no other courier."""
    with Inbox(tmp_path) as inbox:
        mine, other, bob = inbox.sender("mine"), inbox.sender("other"), inbox.person("bob")
        id_, not_mine = (post(who, some_message(question=question())) for who in (mine, other))
        with events(mine, "/api/replies/stream") as stream:
            assert next(stream)[1] == "hello"
            assert reply(bob, not_mine).is_success
            taken = reply(bob, id_).json()
            position, name, data = next(stream)
        assert (name, data) == ("reply", {"message": id_, "reply": taken})
        assert position == int(taken["reference"])


def test_stream_goes_on_after_a_position(tmp_path: Path) -> None:
    """Answers that came while nobody listened are sent to who names the last one they saw, each once."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")
        id_ = post(sender, some_message(question=question()))
        references = [int(reply(bob, id_, f"no: {n}").json()["reference"]) for n in range(60)]
        with events(sender, "/api/replies/stream", params={"after": str(references[9])}) as stream:
            assert next(stream)[:2] == (references[9], "hello")
            assert [next(stream)[0] for _ in range(50)] == references[10:]


def test_page_sees_all_changes(tmp_path: Path) -> None:
    """New messages, answers and decisions arrive on the page's stream as the whole message as it is then."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")
        with events(bob, "/api/events") as stream:
            next(stream)
            id_ = post(sender, some_message(question=question()))
            assert next(stream)[2]["id"] == id_
            reply(bob, id_)
            assert len(next(stream)[2]["replies"]) == 1
            body = {"message": some_message(title="Edited").to_json()}
            sender.put(f"/api/messages/{id_}", json=body).raise_for_status()
            assert next(stream)[2]["message"]["title"] == "Edited"


@pytest.mark.parametrize("after", ["999999", "-1", "x", "", "9" * 40])
def test_positions_of_another_archive(tmp_path: Path, after: str) -> None:
    """A position that cannot be ours means: from now on."""
    with Inbox(tmp_path) as inbox:
        sender = inbox.sender()
        post(sender, some_message())
        with events(inbox.person("bob"), "/api/events", params={"after": after}) as stream:
            assert next(stream) == (1, "hello", {"after": 1})


def test_heartbeat(tmp_path: Path) -> None:
    """A stream with nothing to say shows that it lives."""
    with Inbox(tmp_path, QuickServer) as inbox, events(inbox.sender(), "/api/replies/stream") as stream:
        assert [next(stream)[1] for _ in range(3)] == ["hello", "", ""]


def test_revoked_are_cut_off(tmp_path: Path) -> None:
    """Revoking a name from another process ends its streams with the next sign of life, and its sessions."""
    with Inbox(tmp_path, QuickServer) as inbox:
        bob, sender = inbox.person("bob"), inbox.sender("courier")
        with events(bob, "/api/events") as page, events(sender, "/api/replies/stream") as answers:
            people = People(inbox.database)
            assert people.revoke("bob") == 1
            assert people.revoke("courier") == 1
            people.close()
            assert {name for stream in (page, answers) for _, name, _ in stream} <= {"hello", ""}
        assert bob.get("/api/me").status_code == 401
        assert sender.get("/api/messages/x/replies").status_code == 401


def test_stop_ends_streams(tmp_path: Path) -> None:
    """Stopping the server ends its streams properly: a client sees an end, not a broken answer."""
    with Inbox(tmp_path) as inbox, events(inbox.person("bob"), "/api/events") as stream:
        next(stream)
        began = time.monotonic()
        inbox.stop()
        assert list(stream) == []
        assert time.monotonic() - began < 2
        inbox.start()


def test_closed_client_leaves_at_once(tmp_path: Path) -> None:
    """A client that goes away frees its seat, without waiting for a heartbeat."""
    with Inbox(tmp_path) as inbox:
        with events(inbox.person("bob"), "/api/events") as stream:
            next(stream)
            inbox.wait_for_streams(1)
        inbox.person("bob")  # anything that takes a round trip
        inbox.wait_for_streams(0)


def test_too_many_windows(tmp_path: Path) -> None:
    """A person's streams are bounded: the newest is served, and the oldest is told why it ends."""
    with Inbox(tmp_path) as inbox, ExitStack() as stack:
        bob = inbox.person("bob")
        first = stack.enter_context(events(bob, "/api/events"))
        others = [stack.enter_context(events(bob, "/api/events")) for _ in range(SEATS_EACH)]
        assert next(others[-1])[1] == "hello"
        assert [name for _, name, _ in first] == ["hello", "displaced"]
        inbox.wait_for_streams(SEATS_EACH)


def test_slow_client_is_let_go(tmp_path: Path) -> None:
    """A client that does not read is dropped; others are served meanwhile, and no backlog is kept for it."""
    with Inbox(tmp_path, QuickServer) as inbox:
        bob, sender = inbox.person("bob"), inbox.sender()
        cookie = "; ".join(f"{name}={value}" for name, value in bob.cookies.items())
        with socket.create_connection(("127.0.0.1", inbox.server.port)) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            host = f"127.0.0.1:{inbox.server.port}"
            slow.sendall(f"GET /api/events HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
            inbox.wait_for_streams(1)
            with events(bob, "/api/events") as stream, ThreadPoolExecutor(1) as pool:
                posted = [
                    pool.submit(post, sender, some_message(code="x" * 100_000), f"k{n}") for n in range(200)
                ]
                got = {next(named)[2]["id"] for named in [_only(stream, "message")] for _ in posted}
            assert got == {future.result() for future in posted}
            inbox.wait_for_streams(0)


def test_burst_is_seen_whole(tmp_path: Path) -> None:
    """A page that follows while others post sees the last state of every message, in order of change."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")

        def burst() -> None:
            for n in range(300):
                post(sender, some_message(title=f"{n}"), f"k{n}")

        with events(bob, "/api/events") as stream:
            next(stream)
            poster = threading.Thread(target=burst)
            poster.start()
            got = [next(stream) for _ in range(300)]
            poster.join()
        assert [view["message"]["title"] for _, _, view in got] == [f"{n}" for n in range(300)]
        assert [position for position, _, _ in got] == sorted(position for position, _, _ in got)


def _only(stream: Iterator[tuple[int, str, Any]], wanted: str) -> Iterator[tuple[int, str, Any]]:
    return (event for event in stream if event[1] == wanted)
