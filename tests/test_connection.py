from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from nbalert.connection import Connection
from nbalert.courier import lifecycle
from nbalert.errors import CourierError
from nbalert.home import Home
from tests.processes import Script, wait_until


def hello() -> list[dict[str, Any]]:
    """The least that one has to say."""
    return [{"do": "hello", "origin": "o", "pid": 1, "notebook": "", "messages": [], "questions": []}]


@pytest.fixture
def connection(home: Home) -> Iterator[Connection]:
    """A connection that hosts its courier when needed."""
    made = Connection(home, hello, lambda frame: None, lambda: True)
    yield made
    made.close()
    lifecycle.stop(home)


def test_requests_of_many_threads(connection: Connection) -> None:
    """Each gets its own answer."""
    with ThreadPoolExecutor(8) as pool:
        limits = [0, "x"] * 20
        answers = list(pool.map(lambda limit: _history(connection, limit), limits))
    assert answers == [[] if limit == 0 else "ValueError" for limit in limits]


def _history(connection: Connection, limit: object) -> object:
    try:
        return connection.request({"do": "history", "limit": limit})
    except CourierError as error:
        return str(error).partition(":")[0]


def test_requests_over_a_cut(home: Home, connection: Connection) -> None:
    """A courier that is replaced in the middle costs a little time and no answer."""
    ended = threading.Event()

    def replace() -> None:
        while not ended.wait(0.05):
            lifecycle.stop(home)

    connection.request({"do": "status"})
    replacing = threading.Thread(target=replace)
    replacing.start()
    for _ in range(10):
        assert connection.request({"do": "status"}, 30)["courier"]
    ended.set()
    replacing.join()


def test_a_listener_s_error_does_not_cost_the_line(home: Home) -> None:
    """What is heard next is heard, and requests are answered."""
    heard: list[dict[str, Any]] = []

    def hear(frame: dict[str, Any]) -> None:
        heard.append(frame)
        raise ZeroDivisionError

    connection = Connection(home, hello, hear, lambda: True)
    connection.request({"do": "status"})
    assert connection._line
    for event in range(2):
        connection._take({"event": str(event)})
    connection._take({"event": "answer"})
    assert (len(heard), bool(connection.request({"do": "status"}))) == (2, True)
    connection.close()
    lifecycle.stop(home)


def test_a_greeting_that_fails_is_said_again(home: Home) -> None:
    """Whatever goes wrong in it, the thread lives, and the fault is told."""
    tries: list[int] = []

    def greeting() -> list[dict[str, Any]]:
        tries.append(1)
        if len(tries) < 3:
            raise ZeroDivisionError
        return hello()

    connection = Connection(home, greeting, lambda frame: None, lambda: True)
    assert connection.request({"do": "status"})
    connection.close()
    lifecycle.stop(home)


def test_a_line_that_is_cut_at_once_is_not_called_without_end(home: Home) -> None:
    """Something on the socket that hangs up each time costs no processor."""
    home.socket.parent.mkdir(parents=True, mode=0o700)
    holding = "from nbalert.courier.lifecycle import Lock; from nbalert.home import Home\n"
    holding += "lock = Lock.take(Home.find().lock); print('held'); input()"
    calls: list[float] = []
    with socket.socket(socket.AF_UNIX) as listener, Script(holding) as holder:
        assert holder.line() == "held"
        listener.bind(str(home.socket))
        listener.listen()

        def hang_up() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                calls.append(time.monotonic())
                peer.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        connection = Connection(home, hello, lambda frame: None, lambda: True)
        connection.start()
        wait_until(lambda: len(calls) >= 5)
        connection.close()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert calls[4] - calls[0] > 0.3


def test_close_while_it_connects(home: Home) -> None:
    """Whenever it comes, no thread stays behind and no courier."""
    for pause_s in (0, 0.001, 0.01, 0.05):
        connection = Connection(home, hello, lambda frame: None, lambda: True)
        connection.start()
        threading.Event().wait(pause_s)
        connection.close()
        lifecycle.stop(home)
        assert not [t for t in threading.enumerate() if t.name.startswith("nbalert")]
