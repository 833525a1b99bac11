from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from nbalert.courier import lifecycle
from nbalert.home import Home
from nbalert.line import PROTOCOL, Line

HELLO = {"do": "hello", "origin": "o", "pid": 1, "notebook": "", "messages": [], "questions": []}


@pytest.fixture
def line(home: Home) -> Iterator[Line]:
    """A line to a real courier."""
    lifecycle.ensure(home)
    connected = Line.connect(home.socket)
    yield connected
    connected.close()
    lifecycle.stop(home)


def test_bad_frames_do_not_cost_the_line(line: Line, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever is wrong with a frame, the next one is heard; nothing is written into the notebook."""
    frames = line.frames()
    bad: list[dict[str, Any]] = [
        {"do": "hello"},
        {"do": "wake"},
        {**HELLO, "pid": "x"},
        {"do": ["a"]},
        {},
        {**HELLO, "messages": [7, {}], "questions": [None]},
        {"do": "project"},
        {"do": "consume"},
    ]
    for frame in bad:
        line.send(frame)
    line.send(HELLO)
    line.send({"do": "project", "key": "p", "default": "", "channels": 7, "problems": {}})
    line.send({"do": "status", "id": 7})
    answer = next(frame for frame in frames if frame.get("re") == 7)
    assert [present["project"] for present in answer["value"]["present"]] == ["p"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("theirs", "agreed"), [(0, 0), (-1, -1), (-2, -1), (1, 0)])
def test_the_protocol_of_a_conversation(theirs: int, agreed: int, line: Line) -> None:
    """The lower of both, and never more than one below this courier's."""
    line.send({**HELLO, "protocol": PROTOCOL + theirs})
    welcome = next(frame for frame in line.frames() if frame["event"] == "welcome")
    assert welcome["protocol"] == PROTOCOL + agreed


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"do": "history", "limit": "many"}, "ValueError"),
        ({"do": "history"}, "KeyError"),
        ({"do": "consume", "question": "q"}, "KeyError"),
        ({"do": "link", "base": "", "person": "x" * 1000}, "SettingsError"),
        ({"do": "dance"}, "KeyError"),
        ({"do": "problems"}, "KeyError"),
        ({"do": "try", "channel": "x", "network": {}, "values": 7, "message": {}}, "KeyError"),
    ],
)
def test_a_request_that_fails_is_answered(request_: dict[str, Any], says: str, line: Line) -> None:
    """Who asks hears at once that it will not work."""
    line.send(HELLO)
    line.send({**request_, "id": 1})
    answer = next(frame for frame in line.frames() if frame.get("re") == 1)
    assert answer["error"].startswith(says)


def test_who_says_no_hello_gets_nothing(home: Home, line: Line) -> None:
    """No status, no link, no approval."""
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(home.socket))
        stranger.settimeout(0.2)
        stranger.sendall(json.dumps({"do": "status", "id": 1}).encode() + b"\n")
        with pytest.raises(TimeoutError):
            stranger.recv(1)
