"""Whatever may come from outside, made up by hypothesis: who reads it has an answer, or one kind of error."""

from __future__ import annotations

import contextlib
import json
import socket
import string
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.error import UsageError
from tomlkit.exceptions import ConvertError

import nbalert
from nbalert.dismissal import stop_courier
from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.magic_options import parsed
from nbalert.magics import NbalertMagics
from nbalert.message import Message
from nbalert.policy import Reply
from nbalert.process import client, finish
from nbalert.question import decide
from nbalert.settings import load
from nbalert.testing.questions import question
from tests.courier.rooms import Rooms, run
from tests.inboxes import Inbox, post
from tests.reliability.conftest import Figure

pytestmark = pytest.mark.long

OFTEN = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
SOMETIMES = settings(OFTEN, max_examples=120)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
"""Any value that JSON has."""


def changed(values: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """What is right but for some values, which are anything or not there."""
    names = st.sampled_from(sorted(values))
    return st.builds(
        lambda others, gone: {**{k: v for k, v in values.items() if k not in gone}, **others},
        st.dictionaries(names | st.text(max_size=8), plain, max_size=3),
        st.sets(names, max_size=2),
    )


WHOLE = Message(title="Deploy?", question=question()).to_json()


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """One that is served for all examples."""
    with Inbox(tmp_path_factory.mktemp("inbox")) as served:
        yield served


bodies = (
    plain
    | changed({"key": "k", "message": WHOLE})
    | st.builds(lambda message: {"key": "k", "message": message}, changed(WHOLE))
    | st.builds(
        lambda inner: {"key": "k", "message": {**WHOLE, "question": inner}}, changed(WHOLE["question"])
    )
    | changed({"text": "approve", "way": "button"})
    | changed({"code": "x.y"})
    | changed({"reply": "1", "text": "late"})
    | changed({"key": "k", "title": "Still open", "mention": ["bob"]})
)
segments = st.sampled_from(["", "KNOWN", "..", "%2e%2e", "%00", "0", "-1", "99999999999999999999"]) | st.text(
    string.ascii_letters + "%/.\\\"'<>\x7fé", max_size=12
)
paths = st.builds(
    lambda ending, one, two: ending.replace("ONE", one).replace("TWO", two),
    st.sampled_from(
        [
            "/api/session",
            "/api/me",
            "/api/sender",
            "/api/messages",
            "/api/messages?limit=ONE&before=TWO",
            "/api/messages/ONE",
            "/api/messages/ONE/replies",
            "/api/messages/ONE/code",
            "/api/messages/ONE/notices",
            "/api/messages/ONE/reminders",
            "/api/messages/ONE/images/TWO",
            "/ONE",
            "/ONE/TWO",
        ]
    ),
    segments,
    segments,
)


def test_the_inbox_answers_everything(inbox: Inbox, figure: Figure) -> None:
    """No request of a stranger, a courier or a signed-in person is answered with a 500, and it goes on."""
    callers = {"stranger": inbox.client(), "courier": inbox.sender(), "person": inbox.person("bob")}
    known = post(callers["courier"], Message(title="Deploy?", question=question()))
    answered: list[int] = []

    @settings(OFTEN, max_examples=1500)
    @given(
        st.sampled_from(sorted(callers)),
        st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]),
        paths,
        st.builds(json.dumps, bodies) | st.text(max_size=30),
    )
    def ask(caller: str, method: str, path: str, body: str) -> None:
        try:
            answer = callers[caller].request(
                method,
                path.replace("KNOWN", known),
                content=body.encode(errors="replace"),
                headers={"Content-Type": "application/json"},
            )
        except httpx.InvalidURL:
            return
        answered.append(answer.status_code)
        assert answer.status_code < 500, answer.text

    ask()
    figure("foreign data: requests to the inbox", f"{len(answered)}; 0 answered with a 500")
    assert inbox.person("carol").get("/api/messages").status_code == 200


def test_the_line_reads_everything(home: Home, figure: Figure) -> None:
    """Frames that are none, or hold what they should not: the courier goes on with everybody else."""
    nbalert.post("started").wait(60)
    sent: list[str] = []
    frames = changed(
        {"do": "hello", "protocol": 1, "pid": 1, "origin": "o", "notebook": "", "build": "b", "runs": {}}
    ) | st.builds(
        lambda do, values: {**values, "do": do},
        st.sampled_from(
            [
                *(
                    "hello",
                    "project",
                    "wake",
                    "begin",
                    "output",
                    "end",
                    "consume",
                    "status",
                    "history",
                    "bye",
                ),
                *("trail", "retry", "worked", "brought", "problems", "try", "owed", "link", "book"),
            ]
        ),
        st.dictionaries(
            st.sampled_from(
                ["id", "run", "after", "limit", "origin", "question", "messages", "call", "base"]
            ),
            plain,
            max_size=4,
        ),
    )

    @SOMETIMES
    @given(st.lists(st.builds(json.dumps, frames) | st.text(max_size=20), min_size=1, max_size=6))
    def send(lines: list[str]) -> None:
        sent.extend(lines)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(home.socket))
            line.sendall("".join(f"{text}\n" for text in lines).encode(errors="replace"))

    send()
    nbalert.post("still there").wait(60)
    assert client().request({"do": "status"})["questions"] == []
    figure("foreign data: frames to the courier", f"{len(sent)}; it went on")
    finish()
    stop_courier(home)


def test_the_spool_takes_everything(home: Home) -> None:
    """An entry of another form is set aside, and none is in the way of those behind it."""
    entry = {"kind": "message", "origin": "o", "project": "p", "channels": ["ci"], "message": WHOLE}
    entries = changed(entry) | st.builds(lambda message: {**entry, "message": message}, changed(WHOLE))

    async def work(rooms: Rooms) -> None:
        rooms.strangers.add("o")

        @SOMETIMES
        @given(st.lists(entries, max_size=3))
        def take(several: list[dict[str, Any]]) -> None:
            for one in several:
                rooms.spool.put(one)
            last = rooms.accept(Message(title="behind"))
            assert rooms.spool.count() == 0
            assert rooms.row(last)["state"] == "waiting"

        take()

    run(home, work)


def test_settings_say_what_is_wrong(home: Home, tmp_path: Path, figure: Figure) -> None:
    """Any TOML, and any text that is none, is settings or one error that names the file."""
    keys = st.sampled_from(
        ["default", "ask_timeout", "exit_wait", "auto", "redact", "me", "groups", "durable"]
    )
    tables = st.dictionaries(
        st.sampled_from(["kind", "url", "approvers", "tls", "enabled"]), plain, max_size=4
    )
    texts = (
        st.builds(_toml, st.dictionaries(keys | st.text(max_size=6), plain, max_size=4))
        | st.builds(lambda table: _toml({"channels": {"a": table}}), tables)
        | st.text(max_size=60)
    )
    home.root.mkdir(parents=True, exist_ok=True)
    refused: list[bool] = []

    @OFTEN
    @given(texts)
    def read(text: str) -> None:
        home.settings.write_text(text, encoding="utf-8", errors="replace", newline="")
        says = ""
        try:
            load(tmp_path, home, {})
        except SettingsError as error:
            says = str(error)
        refused.append(bool(says))
        assert "\n" not in says
        assert not says or str(home.settings) in says or "channel" in says

    read()
    figure("foreign data: settings files", f"{len(refused)}, of them {sum(refused)} refused in one line")


def _toml(values: dict[str, Any]) -> str:
    """As TOML, where that has such values."""
    try:
        return tomlkit.dumps(values)
    except ConvertError:
        return ""


@OFTEN
@given(
    st.sampled_from([NbalertMagics.alert, NbalertMagics.ask, NbalertMagics.nbalert]),
    st.lists(
        st.sampled_from(["-c", "--timeout", "--on", "--after", "-t", "--need", "--", "'", '"', "\\", "-"])
        | st.text(max_size=10),
        max_size=6,
    ),
)
def test_magics_lines(magic: Any, words: list[str]) -> None:
    """Any line is understood, or refused as a usage error."""
    with contextlib.suppress(UsageError):
        parsed(magic, " ".join(words))


@OFTEN
@given(changed(WHOLE))
def test_messages_that_are_none(values: dict[str, Any]) -> None:
    """They are refused by the errors that who reads them expects."""
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
        Message.from_json(values)


@OFTEN
@given(st.text(max_size=200), st.text(max_size=40))
def test_what_people_write_is_shown_inert(text: str, name: str) -> None:
    """No control character, new line or change of direction is in the sentence of a decision."""
    asked = question()
    reply = Reply(
        reference="1", person="bob", name=name, text=f"approve: {text}", way="reply", at=datetime.now(UTC)
    )
    decision = decide(asked, [reply])
    assert decision is not None
    bad = [c for c in decision.sentence if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs")]
    assert bad == []
