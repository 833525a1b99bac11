"""Finding messages again in an archive: by words, level, notebook and person."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbalert.inbox.archive import Archive
from nbalert.inbox.finding import Filters, query
from nbalert.message import Level, Message, Source
from nbalert.question import Decision, Outcome
from tests.inboxes import Inbox, question


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty archive."""
    with closing(Archive(tmp_path / "home" / "inbox.db")) as archive:
        yield archive


def found(archive: Archive, before: int | None = None, **filters: str) -> list[str]:
    """Titles, oldest first."""
    return [entry.message["title"] for entry in archive.before(before, 50, Filters(**filters))]


def test_words(archive: Archive) -> None:
    """All words have to be there, in any part, order, case and accent; the last one may be a beginning."""
    archive.post("s", "1", Message(title="Übung", error="KeyError: 'train_model'", metadata={"rows": 31}))
    archive.post("s", "2", Message(title="other", code="model.fit()", source=Source(commit="1a2b3c")))
    asked = question("Drop the tables?", code="db.drop_all()")
    archive.post("s", "3", Message(title="ask", question=asked))
    assert found(archive, words="ubung keyerr") == ["Übung"]
    assert found(archive, words="model") == ["Übung", "other"]
    assert found(archive, words="train_mod") == ["Übung"]
    assert found(archive, words="rows 31") == ["Übung"]
    assert found(archive, words="keyerr ubung") == []
    assert found(archive, words="1a2b") == ["other"]
    assert found(archive, words="drop_all") == ["ask"]
    assert found(archive, words="absent") == []


@pytest.mark.parametrize(
    "words", ['"', "* OR x", "text:", "a NEAR b", "(", "-", "\0", "\ud800x", "NOT", "'; --"]
)
def test_words_are_no_language(archive: Archive, words: str) -> None:
    """Whatever is typed is words to look for, and what holds none looks for nothing."""
    archive.post("s", "1", Message(title="m"))
    assert found(archive, words=words) in ([], ["m"])
    archive.post("s", "2", Message(title=f"with {words}", source=Source(notebook=words, user=words)))
    assert f"with {words}" in found(archive, words=words)


def test_filters(archive: Archive) -> None:
    """By level (questions are one of their own), notebook, person, and by all of them with words."""
    for number, level in enumerate(Level):
        source = Source(notebook=f"/n/{number % 2}.ipynb", user="ann" if number < 3 else "")
        archive.post("s", str(number), Message(title=level.name.lower(), level=level, source=source))
    archive.post("s", "q", Message(title="ask", question=question(asker="bob")))
    assert found(archive, level="CRITICAL") == ["critical"]
    assert found(archive, level="INFO") == ["info"]
    assert found(archive, level="QUESTION") == ["ask"]
    assert found(archive, notebook="/n/0.ipynb") == ["ok", "warning"]
    assert found(archive, person="ann") == ["ok", "info", "warning"]
    assert found(archive, person="bob") == ["ask"]
    assert found(archive, words="warn", level="WARNING", notebook="/n/0.ipynb", person="ann") == ["warning"]
    assert found(archive, words="warn", level="OK") == []
    assert archive.names() == {"notebooks": ["/n/0.ipynb", "/n/1.ipynb"], "people": ["ann", "bob"]}


def test_what_changed_is_found_as_it_is(archive: Archive) -> None:
    """A newer version is found by its own words and its decision's reason, no longer by the old ones."""
    id_ = archive.post("s", "1", Message(title="running", level=Level.INFO))
    asked = question()
    decision = Decision(
        question_id=asked.id, outcome=Outcome.REJECTED, decided_at=datetime.now(UTC), reason="tomorrow"
    )
    archive.update("s", id_, Message(title="failed", question=asked, decision=decision))
    assert found(archive, words="running") == found(archive, level="INFO") == []
    assert found(archive, words="failed tomorrow", level="QUESTION") == ["failed"]


def test_a_file_without_an_index(tmp_path: Path) -> None:
    """A file of an older nbalert opens at once; its messages are filed while it is served, newest first."""
    path = tmp_path / "home" / "inbox.db"
    with closing(Archive(path)) as archive:
        for n in range(45):
            archive.post("s", str(n), Message(title=f"message {n}"))
    _age(path)
    with closing(Archive(path)) as archive:
        assert archive.unfiled == 45
        archive.post("s", "new", Message(title="message new"))
        assert found(archive, words="message") == ["message new"]
        assert archive.file_older(20) == 25
        assert found(archive, words="message")[0] == "message 25"
        archive.update("s", archive.before(None, 50)[0].id, Message(title="message zero"))
        assert found(archive, words="zero") == ["message zero"]
    with Inbox(tmp_path) as inbox:
        bob = inbox.person("bob")
        deadline = time.monotonic() + 20
        while bob.get("/api/messages", params={"words": "message"}).json()["unfiled"]:
            assert time.monotonic() < deadline, "it is not filed"
            time.sleep(0.02)
        assert len(bob.get("/api/messages", params={"words": "message"}).json()["messages"]) == 46
        assert len(bob.get("/api/messages", params={"words": "zero"}).json()["messages"]) == 1


def _age(path: Path) -> None:
    """What the step before this one has left."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "DROP TABLE words; DROP TABLE facets; DROP TABLE seen; DELETE FROM facts WHERE name = 'unfiled';"
            "PRAGMA user_version = 2"
        )


def test_pages_through_many(archive: Archive, tmp_path: Path) -> None:
    """Of 100,000 messages each page of each filter is an index away: no plan reads a whole table or sorts."""
    archive.post("s", "m", Message(title="m", source=Source(notebook="n", user="u")))
    with closing(sqlite3.connect(tmp_path / "home" / "inbox.db")) as database:
        _multiply(database, 100_000)
        for filters in (
            Filters(words="word5"),
            Filters(words="wo", level="OK"),
            Filters(level="OK"),
            Filters(notebook="n3", person="u1"),
            Filters(words="word7", level="OK", notebook="n7", person="u7"),
        ):
            sql, values = query(filters, 2**62, 51)
            plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
            assert not [line for line in plan if line.startswith("SCAN facets") or "TEMP B-TREE" in line], (
                plan
            )
    first = archive.before(None, 51, Filters(words="word7", level="OK"))
    numbers = [
        entry.number for entry in archive.before(first[0].number, 51, Filters(words="word7", level="OK"))
    ]
    assert len(numbers) == 51
    assert numbers[-1] < first[0].number


def _multiply(database: sqlite3.Connection, count: int) -> None:
    (body,) = database.execute("SELECT body FROM messages").fetchone()
    rows = range(2, count + 2)
    database.executemany(
        "INSERT INTO messages (number, id, sender, key, change, is_open, body)"
        " VALUES (?, ?, 's', ?, ?, 0, ?)",
        ((n, f"id{n}", f"key{n}", n, body) for n in rows),
    )
    database.executemany(
        "INSERT INTO facets VALUES (?, 'OK', ?, ?)", ((n, f"n{n % 9}", f"u{n % 9}") for n in rows)
    )
    database.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", ((n, f"word{n % 9}") for n in rows))
    database.commit()
