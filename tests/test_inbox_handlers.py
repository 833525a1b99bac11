from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from nbalert.inbox.questions import REFUSED_LIMIT
from nbalert.message import Image, Level, Message
from nbalert.question import Decision, Outcome
from tests.inboxes import Inbox, post, question, reply

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PROXY = "/user/ann/proxy/{port}"


def some_message(**options: Any) -> Message:
    """A message with something in most parts."""
    given = {"title": "Trained", "text": "All went well", "level": Level.OK, "metadata": {"rows": 3}}
    return Message(**{**given, **options})


def listed(person: httpx.Client, **options: Any) -> Any:
    """What the page gets."""
    return person.get("/api/messages", params=options).raise_for_status().json()


def decided(message: Message, outcome: Outcome = Outcome.APPROVED) -> Message:
    """The same with a decision."""
    from dataclasses import replace

    assert message.question
    decision = Decision(
        question_id=message.question.id, outcome=outcome, by=("bob",), decided_at=datetime.now(UTC)
    )
    return replace(message, decision=decision)


# ---- signing in


def test_code_becomes_a_cookie(tmp_path: Path) -> None:
    """The cookie is out of reach of scripts and of other sites, and named after this very inbox."""
    with Inbox(tmp_path) as inbox:
        client = inbox.client(headers={"Origin": inbox.url})
        answer = client.post("/api/session", json={"code": inbox.code("bob")})
        name, _, rest = answer.headers["set-cookie"].partition("=")
        assert name.startswith("nbalert-")
        assert rest.partition(";")[2].strip() == "Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"
        assert client.get("/api/me").json() == {"name": "bob", "is_owner": False}


def test_code_works_once(tmp_path: Path) -> None:
    """A code that was used, is too old or was never given signs nobody in, and the page is told why."""
    with Inbox(tmp_path) as inbox:
        client = inbox.client(headers={"Origin": inbox.url})
        used = inbox.code("bob")
        assert client.post("/api/session", json={"code": used}).status_code == 200
        for code in (used, inbox.code("bob", valid_s=0), "0123456789abcdef.guess", "", "é", None):
            answer = client.post("/api/session", json={"code": code})
            assert answer.status_code == 403
            assert "ask for a new one" in answer.json()["error"]


def test_guessing_is_slowed(tmp_path: Path) -> None:
    """After ten wrong codes in a minute an address has to wait, and is told how long."""
    with Inbox(tmp_path) as inbox:
        client = inbox.client(headers={"Origin": inbox.url})
        statuses = [client.post("/api/session", json={"code": f"guess.{n}"}).status_code for n in range(11)]
        assert statuses == [403] * 10 + [429]
        answer = client.post("/api/session", json={"code": inbox.code("bob")})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 61


def test_sign_out(tmp_path: Path) -> None:
    """A session that was ended is nobody's, even for somebody who kept its cookie."""
    with Inbox(tmp_path) as inbox:
        bob = inbox.person("bob")
        kept = dict(bob.cookies)
        assert bob.delete("/api/session").status_code == 200
        assert bob.get("/api/me").status_code == 401
        assert inbox.client(cookies=kept).get("/api/me").status_code == 401


# ---- who may do what


ROUTES = [
    ("GET", "/api/me"),
    ("GET", "/api/events"),
    ("GET", "/api/names"),
    ("PUT", "/api/seen"),
    ("GET", "/api/people"),
    ("POST", "/api/people"),
    ("DELETE", "/api/people/x"),
    ("GET", "/api/messages"),
    ("POST", "/api/messages"),
    ("GET", "/api/messages/x"),
    ("PUT", "/api/messages/x"),
    ("GET", "/api/messages/x/replies"),
    ("GET", "/api/messages/x/code"),
    ("POST", "/api/messages/x/notices"),
    ("POST", "/api/messages/x/reminders"),
    ("GET", "/api/sender"),
    ("POST", "/api/messages/x/replies"),
    ("GET", "/api/messages/x/images/0"),
    ("GET", "/api/replies/stream"),
    ("DELETE", "/api/session"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_strangers_get_nothing(tmp_path: Path, method: str, path: str) -> None:
    """Without session or token, and with made-up ones, every route of the interface answers 401."""
    with Inbox(tmp_path) as inbox:
        for headers in (
            {},
            {"Authorization": "Bearer a.b", "Cookie": "nbalert-0=a.b"},
            {"Authorization": "x"},
        ):
            client = inbox.client(headers={"Origin": inbox.url, **headers})
            assert client.request(method, path, json={}).status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_people_are_no_couriers(tmp_path: Path, method: str, path: str) -> None:
    """A cookie opens no route of couriers, and a token none of people."""
    with Inbox(tmp_path) as inbox:
        bob, sender = inbox.person("bob"), inbox.sender()
        sender.headers["Origin"] = inbox.url
        streams = ("/api/events", "/api/replies/stream")
        refused = [who for who in (bob, sender) if _status(who, method, path, path in streams) == 401]
        assert len(refused) == 1


def _status(client: httpx.Client, method: str, path: str, is_stream: bool) -> int:
    if is_stream:
        with client.stream(method, path) as response:
            return response.status_code
    return client.request(method, path, json={}).status_code


@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES} | {"/", "/api/session"}))
def test_other_methods_are_refused(tmp_path: Path, path: str) -> None:
    """A method that a route does not name is refused, also for those who are signed in."""
    known = {method for method, route in ROUTES if route == path}
    known |= {"/api/session": {"POST"}, "/": {"GET", "HEAD"}}.get(path, set())
    with Inbox(tmp_path) as inbox:
        for client in (inbox.person("bob"), inbox.sender()):
            for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - known:
                assert client.request(method, path).status_code == 405


def test_other_names_are_refused(tmp_path: Path) -> None:
    """A request addressed to another name is refused: a hostile name server can make one mean 127.0.0.1."""
    with Inbox(tmp_path) as inbox:
        bob, port = inbox.person("bob"), inbox.server.port
        for host in (
            f"evil.example:{port}",
            "evil.example",
            "127.0.0.1",
            "127.0.0.1:1",
            f"127.0.0.1.evil:{port}",
        ):
            for path in ("/", "/api/me", "/api/messages"):
                assert bob.get(path, headers={"Host": host}).status_code == 403
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
            assert bob.get("/api/me", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_other_pages_cannot_answer(tmp_path: Path, headers: dict[str, str]) -> None:
    """Another page's request decides nothing and signs nobody in or out, in spite of the cookie."""
    with Inbox(tmp_path) as inbox:
        bob = inbox.person("bob")
        id_ = post(inbox.sender(), some_message(question=question()))
        attempts = [
            bob.post(f"/api/messages/{id_}/replies", json={"text": "yes", "way": "button"}, headers=headers),
            bob.post("/api/session", json={"code": inbox.code("eve")}, headers=headers),
            bob.delete("/api/session", headers=headers),
        ]
        assert [answer.status_code for answer in attempts] == [403, 403, 403]
        assert listed(bob)["messages"][0]["replies"] == []


def test_only_json(tmp_path: Path) -> None:
    """Bodies that a form could send are refused, and so is what is not an object."""
    with Inbox(tmp_path) as inbox:
        bob, sender = inbox.person("bob"), inbox.sender()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            for client, path in (
                (bob, "/api/messages/x/replies"),
                (sender, "/api/messages"),
                (bob, "/api/session"),
            ):
                assert client.post(path, content=b"{}", headers={"Content-Type": kind}).status_code == 415
        for body in (b"", b"[]", b"{", b'"x"', b"\xff", b"[" * 9000):
            answer = sender.post("/api/messages", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == 400


def test_every_answer_is_guarded(tmp_path: Path) -> None:
    """Page, data and errors carry the headers that keep a browser from doing more than it should."""
    with Inbox(tmp_path) as inbox:
        bob = inbox.person("bob")
        for path in ("/", "/inbox.js", "/api/me", "/api/messages", "/nothing", "/api/nothing"):
            headers = bob.get(path).headers
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
            for rule in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
                assert rule in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert headers["Cache-Control"] in ("no-store", "no-cache")
            assert "tornado" not in headers["Server"].lower()


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """The page names no other host, uses relative addresses only, and never parses text as HTML."""
    page = Path(__file__).parent.parent / "nbalert" / "inbox" / "page"
    for file in page.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        if file.name == "table.js":  # reads a table in a document of its own, and takes over text alone
            text = text.replace("DOMParser", "", 1)
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"):
            assert word not in text.replace("eval exec", "")
        for word in ('src="/', 'href="/', 'src="http', 'href="http', "url(", '"/api', "@import"):
            assert word not in text, (file.name, word)


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """No GET or HEAD changes a row, whatever its query says: not a prefetch, not a preview, not a scanner."""
    with Inbox(tmp_path) as inbox:
        bob, sender = inbox.person("bob"), inbox.sender()
        id_ = post(sender, some_message(question=question(), images=(Image(PNG),)))
        before = _dump(inbox.database)
        query = {"text": "approve", "way": "button", "code": inbox.server.url, "_method": "POST"}
        for path in (
            "/",
            "/api/me",
            "/api/messages",
            f"/api/messages/{id_}",
            f"/api/messages/{id_}/images/0",
            f"/api/messages/{id_}/code",
        ):
            for headers in (
                {},
                {"Sec-Purpose": "prefetch;prerender"},
                {"User-Agent": "Slackbot 1.0"},
            ):
                assert bob.get(path, params=query, headers=headers).status_code == 200
        for path in ("replies", "notices", "reminders"):
            assert bob.get(f"/api/messages/{id_}/{path}", params=query).status_code in (401, 405)
            assert bob.head(f"/api/messages/{id_}/{path}", params=query).status_code == 405
        assert bob.get("/api/session", params=query).status_code == 405
        assert sender.get(f"/api/messages/{id_}/replies", params=query).status_code == 200
        assert _dump(inbox.database) == before


def _dump(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


# ---- behind jupyter-server-proxy


def test_proxy_keeps_a_foreign_host(tmp_path: Path) -> None:
    """Behind jupyter-server-proxy any Host gets the page; a session is good for the Host of its code."""
    with Inbox(tmp_path) as inbox:
        prefix = PROXY.format(port=inbox.server.port)
        headers = {"Host": "hub.example", "Origin": "https://hub.example", "X-Forwarded-Context": prefix}
        client = inbox.client(headers=headers)
        assert client.get("/").status_code == 200
        assert client.get("/api/me").status_code == 401
        answer = client.post("/api/session", json={"code": inbox.code("bob")}).raise_for_status()
        cookie = answer.headers["set-cookie"]
        assert f"; Path={prefix}/;" in cookie
        assert cookie.endswith("; Secure")
        headers["Cookie"] = cookie.partition(";")[0]
        assert client.get("/api/me", headers=headers).json() == {"name": "bob", "is_owner": False}
        elsewhere = {**headers, "Host": "evil.example", "Origin": "https://evil.example"}
        assert client.get("/api/me", headers=elsewhere).status_code == 401


@pytest.mark.parametrize(
    "context",
    ["", "/", "/proxy/1", "/proxy/{port}1", "/x;/proxy/{port}", "/user/../;a=b/proxy/{port}", "proxy/{port}"],
)
def test_proxy_has_to_name_us(tmp_path: Path, context: str) -> None:
    """A header that does not name the way to this very port lets no foreign Host in."""
    with Inbox(tmp_path) as inbox:
        headers = {"Host": "hub.example", "X-Forwarded-Context": context.format(port=inbox.server.port)}
        assert inbox.client().get("/", headers=headers).status_code == 403


# ---- messages


def test_the_same_key_is_the_same_message(tmp_path: Path) -> None:
    """A delivery that is tried again stands in the inbox once, and its answer is the same."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")
        body = {"key": "k1", "message": some_message().to_json()}
        answers = [sender.post("/api/messages", json=body).json() for _ in range(3)]
        assert answers[0] == answers[1] == answers[2]
        assert answers[0]["link"] == f"{inbox.url}/#m={answers[0]['id']}"
        assert post(inbox.sender("other"), some_message(), "k1") != answers[0]["id"]
        assert len(listed(bob)["messages"]) == 2


def test_message_arrives_whole(tmp_path: Path) -> None:
    """Whatever a message says, the page gets it character by character; pictures come on their own."""
    text = "</script><b>&amp; \u202e ünïcödé \U0001f980 \x07"
    with Inbox(tmp_path) as inbox:
        message = some_message(
            title=text, output=text, images=(Image(PNG, name=text),), metadata={text: text}
        )
        id_ = post(inbox.sender(), message)
        bob = inbox.person("bob")
        got = listed(bob)["messages"][0]["message"]
        assert (got["title"], got["output"], got["metadata"]) == (text, text, {text: text})
        assert got["images"][0]["name"] == text
        assert "data" not in got["images"][0]
        assert bob.get("/" + got["images"][0]["url"]).content == PNG
        assert bob.get(f"/api/messages/{id_}/images/1").status_code == 404


@pytest.mark.parametrize(
    ("mime", "served"),
    [
        ("image/png", "image/png"),
        ("image/svg+xml", "image/svg+xml"),
        ("text/html", "application/octet-stream"),
    ],
)
def test_pictures_can_do_nothing(tmp_path: Path, mime: str, served: str) -> None:
    """A picture is served as what it is, in a sandbox; what is no picture is only ever saved."""
    with Inbox(tmp_path) as inbox:
        image = Image(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", mime)
        id_ = post(inbox.sender(), some_message(images=(image,)))
        answer = inbox.person("bob").get(f"/api/messages/{id_}/images/0")
        assert answer.headers["Content-Type"] == served
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert ("Content-Disposition" in answer.headers) == (served != mime)


def test_what_is_no_message_is_refused(tmp_path: Path) -> None:
    """A body that is not a message is answered 400, and nothing is kept."""
    with Inbox(tmp_path) as inbox:
        good = some_message(question=question()).to_json()
        broken: list[object] = [
            {},
            None,
            [],
            "x",
            {**good, "level": "LOUD"},
            {**good, "images": [{}]},
            {**good, "question": 1},
        ]
        sender = inbox.sender()
        for message in broken:
            assert sender.post("/api/messages", json={"key": "k", "message": message}).status_code == 400
        for key in (None, "", 1, "k" * 513):
            assert sender.post("/api/messages", json={"key": key, "message": good}).status_code == 400
        assert listed(inbox.person("bob"))["messages"] == []


def test_bodies_are_bounded(tmp_path: Path) -> None:
    """25 MiB for a message, 64 KiB for an answer; whoever sends more is told, and the server goes on."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")
        id_ = post(sender, some_message(question=question()))
        assert reply(bob, id_, "approve: " + "x" * 64 * 1024).status_code == 413
        large = {"key": "large", "message": some_message(text="x" * 26 * 1024 * 1024).to_json()}
        assert sender.post("/api/messages", json=large, timeout=30).status_code == 413
        large["message"]["text"] = "x" * 24 * 1024 * 1024  # type: ignore[index]
        assert sender.post("/api/messages", json=large, timeout=30).status_code == 200
        assert reply(bob, id_).status_code == 200


def test_senders_are_apart(tmp_path: Path) -> None:
    """A courier neither sees nor changes what another one posted."""
    with Inbox(tmp_path) as inbox:
        mine, other = inbox.sender("mine"), inbox.sender("other")
        id_ = post(mine, some_message(question=question()))
        assert reply(inbox.person("bob"), id_).is_success
        assert other.get(f"/api/messages/{id_}/replies").status_code == 404
        body = {"message": some_message(title="Forged").to_json()}
        assert other.put(f"/api/messages/{id_}", json=body).status_code == 404
        assert [one["person"] for one in mine.get(f"/api/messages/{id_}/replies").json()["replies"]] == [
            "bob"
        ]


def test_older_messages_on_demand(tmp_path: Path) -> None:
    """A page is the newest messages, oldest first; `before` walks back without gap or double."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")
        titles = [f"message {n}" for n in range(25)]
        for title in titles:
            post(sender, some_message(title=title), title)
        found: list[str] = []
        page = listed(bob, limit=10)
        while True:
            found = [one["message"]["title"] for one in page["messages"]] + found
            if not page["has_older"]:
                break
            page = listed(bob, limit=10, before=page["messages"][0]["number"])
        assert found == titles
        for query in ({"limit": "x"}, {"before": "-1"}, {"limit": "9" * 30}, {"before": "9" * 30}):
            assert bob.get("/api/messages", params=query).status_code == 400


def test_open_questions_come_with_the_first_page(tmp_path: Path) -> None:
    """A question that still waits is not out of sight, however much was said since."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")
        asked = some_message(title="old", question=question())
        id_ = post(sender, asked)
        for n in range(5):
            post(sender, some_message(), f"k{n}")
        assert [one["id"] for one in listed(bob, limit=2)["waiting"]] == [id_]
        sender.put(f"/api/messages/{id_}", json={"message": decided(asked).to_json()}).raise_for_status()
        assert listed(bob, limit=2)["waiting"] == []


def test_long_parts_are_cut_in_lists(tmp_path: Path) -> None:
    """A list stays small; the message on its own is whole, and what would run is never cut."""
    with Inbox(tmp_path) as inbox:
        asked = question(code="x = 1\n" * 20_000)
        id_ = post(inbox.sender(), some_message(output="line\n" * 20_000, question=asked))
        bob = inbox.person("bob")
        brief, whole = (
            listed(bob)["messages"][0]["message"],
            bob.get(f"/api/messages/{id_}").json()["message"],
        )
        assert brief["cut"] == ["output"]
        assert len(brief["output"]) < 20_000 < len(whole["output"])
        assert brief["question"]["code"] == whole["question"]["code"] == asked.code


# ---- answers


def test_answer_is_taken(tmp_path: Path) -> None:
    """An answer carries the person of the session and the server's clock, and the courier reads it."""
    with Inbox(tmp_path) as inbox:
        sender, before = inbox.sender(), datetime.now(UTC)
        id_ = post(sender, some_message(question=question()))
        body = {
            "text": "approve: fine",
            "way": "button",
            "person": "carol",
            "at": "1999-01-01T00:00:00+00:00",
        }
        taken = inbox.person("bob").post(f"/api/messages/{id_}/replies", json=body).json()
        assert (taken["person"], taken["text"], taken["way"]) == ("bob", "approve: fine", "button")
        assert before <= datetime.fromisoformat(taken["at"]) <= datetime.now(UTC)
        assert sender.get(f"/api/messages/{id_}/replies").json() == {"replies": [taken]}


@pytest.mark.parametrize(
    ("who", "options", "why"),
    [
        ("eve", {}, "you are not an approver of this question"),
        ("ann", {"approvers": ("anyone",), "asker": "ann"}, "the asker may not answer"),
    ],
)
def test_who_may_not_answer_is_told(tmp_path: Path, who: str, options: dict[str, Any], why: str) -> None:
    """Who may not answer hears why, before as after trying; that they tried is on record, a few times."""
    with Inbox(tmp_path) as inbox:
        sender, person = inbox.sender(), inbox.person(who)
        id_ = post(sender, some_message(question=question(**options)))
        assert listed(person)["messages"][0]["message"]["question"]["objection"] == why
        answer = reply(person, id_)
        assert (answer.status_code, answer.json()) == (403, {"error": why})
        for _ in range(REFUSED_LIMIT + 2):
            assert reply(person, id_).status_code == 403
        kept = sender.get(f"/api/messages/{id_}/replies").json()["replies"]
        assert [(one["person"], one["text"]) for one in kept] == [(who, "approve")] * REFUSED_LIMIT


def test_asker_may_answer_where_it_is_allowed(tmp_path: Path) -> None:
    """With `allow_self` the asker's own answer is taken."""
    with Inbox(tmp_path) as inbox:
        asked = question(approvers=("anyone",), asker="ann", allow_self=True)
        id_ = post(inbox.sender(), some_message(question=asked))
        assert reply(inbox.person("ann"), id_).status_code == 200


@pytest.mark.parametrize("outcome", list(Outcome))
def test_ended_question_takes_no_answer(tmp_path: Path, outcome: Outcome) -> None:
    """Once a decision stands in the message, nobody can answer, and they hear how it ended."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")
        asked = some_message(question=question())
        id_ = post(sender, asked)
        body = {"message": decided(asked, outcome).to_json()}
        assert sender.put(f"/api/messages/{id_}", json=body).status_code == 200
        answer = reply(bob, id_)
        assert answer.status_code == 409
        assert answer.json()["error"] == f"this question has ended: {outcome} by bob"


def test_expired_question_takes_no_answer(tmp_path: Path) -> None:
    """An answer after the end is refused, even before the courier has said so."""
    with Inbox(tmp_path) as inbox:
        asked = question(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        id_ = post(inbox.sender(), some_message(question=asked))
        answer = reply(inbox.person("bob"), id_)
        assert (answer.status_code, answer.json()["error"]) == (409, "this question has expired")


def test_other_refusals(tmp_path: Path) -> None:
    """No question, no text, no such way, no such message: refused with the reason."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")
        plain, asked = post(sender, some_message()), post(sender, some_message(question=question()), "q")
        assert reply(bob, plain).json() == {"error": "this message asks nothing"}
        assert reply(bob, asked, "  ").status_code == 400
        assert reply(bob, "nothing").status_code == 404
        for way in ("reaction", "", None, 1):
            body = {"text": "yes", "way": way}
            assert bob.post(f"/api/messages/{asked}/replies", json=body).status_code == 400
