from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from nbalert.inbox import database
from nbalert.inbox.archive import Archive
from nbalert.message import Message
from tests.inboxes import Inbox, post, question, reply


def asked(inbox: Inbox, **options: Any) -> tuple[httpx.Client, str]:
    """A courier, and the id of the question that it has put."""
    sender, one = inbox.sender(), question(**options)
    return sender, post(sender, Message(title=one.text, question=one))


def view(person: httpx.Client, id_: str) -> Any:
    """What a person's page gets of a message."""
    return person.get(f"/api/messages/{id_}").raise_for_status().json()


@pytest.mark.parametrize(
    ("policy", "text", "said"),
    [
        ({"choices": ("blue", "green")}, "Blue: as ever", ("blue: as ever", True, "blue")),
        ({"choices": ("blue", "green")}, "no: neither", ("rejected: neither", False, None)),
        ({"input": "int"}, " 12345678901234567890 ", ("12345678901234567890", True, "12345678901234567890")),
        ({"input": "float"}, "0.5", ("0.5", True, "0.5")),
        ({"input": "text"}, "v7: <b>bold</b>", ("v7: <b>bold</b>", True, "v7: <b>bold</b>")),
        ({}, "LGTM", ("approved", True, None)),
    ],
)
def test_answers_of_every_kind(tmp_path: Path, policy: dict[str, Any], text: str, said: Any) -> None:
    """Choices, typed answers and words are taken, and the page is told what they say."""
    with Inbox(tmp_path) as inbox:
        sender, id_ = asked(inbox, **policy)
        bob = inbox.person("bob")
        taken = reply(bob, id_, text).raise_for_status().json()
        assert (taken["text"], taken["name"], taken["link"]) == (text, "bob", f"{inbox.url}/#m={id_}")
        assert sender.get(f"/api/messages/{id_}/replies").json() == {"replies": [taken]}
        (shown,) = view(bob, id_)["replies"]
        assert (shown["said"], shown["is_yes"], shown["answer"]) == said


@pytest.mark.parametrize(
    ("policy", "text", "why"),
    [
        ({"input": "int"}, "4.5", "'4.5' is not a whole number; please answer anew"),
        ({"input": "float"}, "nan", "'nan' is not a number; please answer anew"),
        (
            {"choices": ("blue", "green")},
            "approve",
            "Reply blue or green; or ",
        ),
        ({}, "yes, go ahead", "Reply approve, lgtm, ok or yes to approve"),
        ({}, "what is this?", "Reply approve, lgtm, ok or yes to approve"),
    ],
)
def test_what_is_no_answer(tmp_path: Path, policy: dict[str, Any], text: str, why: str) -> None:
    """It is refused with what would be one, and not kept."""
    with Inbox(tmp_path) as inbox:
        sender, id_ = asked(inbox, **policy)
        answer = reply(inbox.person("bob"), id_, text)
        assert answer.status_code == 422
        assert answer.json()["error"].startswith(why)
        assert sender.get(f"/api/messages/{id_}/replies").json() == {"replies": []}


@pytest.mark.parametrize(
    "policy",
    [{"input": "date"}, {"approve": ()}, {"need": "two"}, {"approvers": None}],
)
def test_what_cannot_be_shown_is_refused(tmp_path: Path, policy: dict[str, Any]) -> None:
    """A question that the page could not show is refused, and all others are shown."""
    with Inbox(tmp_path) as inbox:
        sender, _ = asked(inbox)
        message = Message(title="odd", question=question("odd")).to_json()
        message["question"]["policy"].update(policy)
        answer = sender.post("/api/messages", json={"key": "odd", "message": message})
        assert answer.status_code == 400
        listed = inbox.person("bob").get("/api/messages").raise_for_status().json()["messages"]
        assert len(listed) == 1


def test_an_older_clock(tmp_path: Path) -> None:
    """Where the asker's clock is ahead, an answer that could not count is refused with the reason."""
    with Inbox(tmp_path) as inbox:
        _, id_ = asked(inbox, asked_at=datetime.now(UTC) + timedelta(minutes=5))
        answer = reply(inbox.person("bob"), id_)
        assert (answer.status_code, answer.json()["error"]) == (409, "it is older than the question")


def test_page_gets_what_it_shows_of_a_question(tmp_path: Path) -> None:
    """Digest, ways to answer, and what is missing; the latter changes with each answer."""
    with Inbox(tmp_path) as inbox:
        _, id_ = asked(inbox, need=2)
        bob = inbox.person("bob")
        got = view(bob, id_)["message"]["question"]
        one = question(need=2)
        assert (got["code"], got["code_sha256"], got["objection"]) == (one.code, one.code_sha256, "")
        assert [button["label"] for button in got["buttons"]] == ["Approve", "Reject"]
        assert (got["hint"], got["missing"]) == (one.policy.hint, "0 of 2, waiting for bob and carol")
        reply(bob, id_)
        assert view(bob, id_)["message"]["question"]["missing"] == "1 of 2, waiting for carol"


@pytest.mark.parametrize("code", ["drop()\n", "x = 'ünïcödé \U0001f980'\r\n\tpass  ", "a = 1\n" * 50_000])
def test_code_is_a_file(tmp_path: Path, code: str) -> None:
    """It holds the exact characters: its SHA-256 is the question's. Only people who are signed in get it."""
    with Inbox(tmp_path) as inbox:
        _, id_ = asked(inbox, code=code)
        answer = inbox.person("eve").get(f"/api/messages/{id_}/code")
        sha = question(code=code).code_sha256
        assert hashlib.sha256(answer.content).hexdigest() == sha
        assert answer.headers["Content-Disposition"] == f'attachment; filename="question-{sha[:12]}.py"'
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        plain = post(inbox.sender(), Message(title="no question"), "plain")
        for id_ in (plain, "nothing"):
            assert inbox.person("eve").get(f"/api/messages/{id_}/code").status_code == 404


def test_notice_is_private(tmp_path: Path) -> None:
    """A line about an answer is seen by whoever gave it and by nobody else, and stands there once."""
    with Inbox(tmp_path) as inbox:
        sender, id_ = asked(inbox)
        bob, carol = inbox.person("bob"), inbox.person("carol")
        reference = reply(bob, id_).json()["reference"]
        for _ in range(2):
            body = {"reply": reference, "text": "it came too late"}
            assert sender.post(f"/api/messages/{id_}/notices", json=body).status_code == 200
        assert [notice["text"] for notice in view(bob, id_)["notices"]] == ["it came too late"]
        assert view(carol, id_)["notices"] == []
        for client, body, status in (
            (inbox.sender("other"), {"reply": reference, "text": "x"}, 404),
            (sender, {"reply": "999", "text": "x"}, 404),
            (sender, {"reply": "9" * 30, "text": "x"}, 404),
            (sender, {"reply": "x", "text": "x"}, 400),
            (sender, {"reply": reference, "text": " "}, 400),
        ):
            assert client.post(f"/api/messages/{id_}/notices", json=body).status_code == status


def test_reminder(tmp_path: Path) -> None:
    """It stands on the question once a key, marked for those whom it names."""
    with Inbox(tmp_path) as inbox:
        sender, id_ = asked(inbox)
        body = {"key": "r1", "title": "10 min left", "mention": ["bob"]}
        for _ in range(2):
            assert sender.post(f"/api/messages/{id_}/reminders", json=body).status_code == 200
        for name, is_mine in (("bob", True), ("carol", False)):
            (shown,) = view(inbox.person(name), id_)["reminders"]
            assert (shown["title"], shown["is_mine"]) == ("10 min left", is_mine)
        for client, change, status in (
            (inbox.sender("other"), {}, 404),
            (sender, {"title": ""}, 400),
            (sender, {"mention": "bob"}, 400),
            (sender, {"key": None}, 400),
        ):
            changed = {**body, **change}
            assert client.post(f"/api/messages/{id_}/reminders", json=changed).status_code == status


def test_sender_is_told_who_is_there(tmp_path: Path) -> None:
    """A courier hears its name and who was invited."""
    with Inbox(tmp_path) as inbox:
        inbox.person("bob")
        assert inbox.sender("ci").get("/api/sender").json() == {"name": "ci", "people": ["bob"]}


def test_file_of_the_first_version(tmp_path: Path) -> None:
    """An inbox that an earlier version has kept is opened with all that was said in it."""
    path = tmp_path / "home" / "inbox.db"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(path)) as old:
        old.executescript(database.STEPS[0])
        old.execute("PRAGMA journal_mode = WAL")
        old.execute("PRAGMA user_version = 1")
        old.commit()
    for _ in range(2):
        with closing(Archive(path)) as archive:
            id_ = archive.post("s", "k", Message(title="q", question=question()))
            assert archive.remind("s", id_, "r", "soon", ())
            entry = archive.entry(id_)
            assert entry
            assert [one.title for one in entry.reminders] == ["soon"]
