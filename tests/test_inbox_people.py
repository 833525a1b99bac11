from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nbalert.errors import SettingsError, StoreError
from nbalert.inbox import People
from nbalert.inbox.people import SESSION_S, Brake


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of `people`."""
    return Clock()


@pytest.fixture
def people(tmp_path: Path, clock: Clock) -> Iterator[People]:
    """The people of an inbox that nobody serves."""
    with closing(People(tmp_path / "home" / "inbox.db", clock)) as people:
        yield people


def test_code_to_session(people: People) -> None:
    """A code signs its person in, once, and the cookie is theirs."""
    code = people.invite("bob")
    cookie, session = people.sign_in(code, "127.0.0.1:1") or pytest.fail("was refused")
    assert (session.person, session.host) == ("bob", "127.0.0.1:1")
    assert people.session(cookie) == session
    assert people.sign_in(code, "127.0.0.1:1") is None


def test_code_expires(people: People, clock: Clock) -> None:
    """A code is worthless from the second on that its time is up."""
    early, late = people.invite("bob", 120), people.invite("bob", 120)
    clock.now += 119.9
    assert people.sign_in(early, "h")
    clock.now += 0.1
    assert people.sign_in(late, "h") is None


def test_session_expires(people: People, clock: Clock) -> None:
    """A session lasts thirty days."""
    cookie, _ = people.sign_in(people.invite("bob"), "h") or pytest.fail("was refused")
    clock.now += SESSION_S - 1
    assert people.session(cookie)
    clock.now += 1
    assert people.session(cookie) is None


def test_secrets_do_not_stand_in_for_each_other(people: People) -> None:
    """A code is no cookie, a cookie no token, and half a secret is none."""
    code, token = people.invite("bob"), people.sender_token("courier")
    assert people.session(code) is None
    assert people.sender(code) is None
    assert people.session(token) is None
    assert people.sign_in(token, "h") is None
    for wrong in (
        "",
        ".",
        token.partition(".")[0],
        token.partition(".")[0] + ".",
        token + "x",
        token.upper(),
    ):
        assert people.sender(wrong) is None
    assert people.sender(token) == "courier"


def test_only_hashes_are_kept(people: People, tmp_path: Path) -> None:
    """The secret half of a code, a cookie or a token stands nowhere in the files."""
    code, token = people.invite("bob"), people.sender_token("courier")
    cookie, _ = people.sign_in(people.invite("carol"), "h") or pytest.fail("was refused")
    stored = b"".join(file.read_bytes() for file in (tmp_path / "home").iterdir())
    for secret in (code, token, cookie):
        assert secret.partition(".")[2].encode() not in stored


def test_revoke(people: People) -> None:
    """Whatever a name was given is void after `revoke`; other names keep theirs."""
    code, token = people.invite("bob"), people.sender_token("bob")
    cookie, _ = people.sign_in(people.invite("bob"), "h") or pytest.fail("was refused")
    other = people.sender_token("carol")
    assert people.names() == ["bob"]
    assert people.revoke("bob") == 3
    assert people.sign_in(code, "h") is None
    assert people.session(cookie) is None
    assert people.sender(token) is None
    assert people.sender(other) == "carol"
    assert people.names() == []


def test_a_lent_token_is_written_nowhere(people: People, tmp_path: Path) -> None:
    """It is good for as long as the people are open, whatever is revoked meanwhile, and leaves no row."""
    before = [file.read_bytes() for file in sorted((tmp_path / "home").iterdir())]
    token = people.lend_token("ann")
    assert people.sender(token) == "ann"
    assert people.sender(token + "x") is None
    assert people.sender(token.partition(".")[0] + ".") is None
    assert people.session(token) is None
    assert people.revoke("ann") == 0
    assert people.sender(token) == "ann"
    assert [file.read_bytes() for file in sorted((tmp_path / "home").iterdir())] == before


def test_tokens_of_one_name(people: People) -> None:
    """Each token is a new one, and earlier ones stay good."""
    first, second = people.sender_token("courier"), people.sender_token("courier")
    assert first != second
    assert people.sender(first) == people.sender(second) == "courier"


@pytest.mark.parametrize(
    "name", ["", " ", " bob", "bob\n", "a\x00", "x" * 65, "anyone", "Anyone", "a\u202eb"]
)
def test_what_is_no_name(people: People, name: str) -> None:
    """A name is something to read, and never the word that stands for everybody."""
    with pytest.raises(SettingsError):
        people.invite(name)


def test_names_of_all_kinds(people: People) -> None:
    """Mail addresses, ids and names in any script are names."""
    for name in ("ann@example.org", "U012AB3CD", "Zoë Müller", "安"):
        assert people.invite(name)


def test_facts_are_kept(people: People, tmp_path: Path) -> None:
    """The inbox keeps its id and what it is told to remember."""
    assert people.last_url == ""
    people.remember("url", "http://127.0.0.1:1")
    with closing(People(tmp_path / "home" / "inbox.db")) as again:
        assert (again.inbox_id, again.last_url) == (people.inbox_id, "http://127.0.0.1:1")


def test_newer_file_is_left_alone(people: People, tmp_path: Path) -> None:
    """A file that a newer nbalert wrote is not touched."""
    path = tmp_path / "home" / "inbox.db"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer nbalert"):
        People(path)


def test_what_is_no_database(tmp_path: Path) -> None:
    """A file that is something else is a store error that names it."""
    path = tmp_path / "home" / "inbox.db"
    path.parent.mkdir()
    path.write_text("something else " * 100)
    with pytest.raises(StoreError, match=r"inbox\.db"):
        People(path)


def test_brake() -> None:
    """After ten wrong codes an address waits until the first of them is a minute old; others do not."""
    clock = Clock()
    brake = Brake(now=clock)
    for _ in range(10):
        assert brake.wait_s("a") == 0
        brake.wrong("a")
        clock.now += 1
    assert brake.wait_s("a") == 50
    assert brake.wait_s("b") == 0
    clock.now += 50
    assert brake.wait_s("a") == 0
