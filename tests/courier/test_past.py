"""The history's filters over a real store, and how they find their rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from nbalert.courier import past
from nbalert.courier.noise import alert_of
from nbalert.courier.past import Wanted, channels_told, history
from nbalert.courier.schema import LIST_ALL
from nbalert.courier.store import Store
from nbalert.history_words import STATES
from nbalert.home import Home
from nbalert.message import Level, Message, Source
from tests.courier.rooms import Rooms, run
from tests.inboxes import question

NOWHERE = "http://127.0.0.1:9/"
FIT = Source(notebook="/n/fit.ipynb", cell_id="a")


def fill(rooms: Rooms) -> None:
    """One message in each state, and one that stands on two channels in two."""
    rooms.learn(NOWHERE)
    for title, level, source in (
        ("fine", Level.OK, FIT),
        ("bad", Level.CRITICAL, Source(notebook="/m/load.ipynb")),
        ("slow", Level.WARNING, FIT),
    ):
        rooms.accept(Message(title=title, level=level, source=source))
    rooms.accept(Message(title="half", level=Level.INFO), "ci", "ops")
    rooms.accept(Message(title="Deploy?", question=question("d")), "ops")
    rooms.accept(Message(title="Drop?", question=question("e")), "ops")
    rooms.ledger.cancel(question("e").id, "interrupted")
    rooms.silences.begin(60, "all")
    rooms.accept(Message(title="hush"))
    settle = (
        "UPDATE delivery SET state = ?, error = ? WHERE message = (SELECT id FROM message WHERE title = ?)"
    )
    for title, state, error, channel in (
        ("fine", "delivered", "", "ci"),
        ("bad", "failed", "HTTP 400", "ci"),
        ("half", "delivered", "", "ci"),
        ("half", "waiting", "HTTP 401", "ops"),
        ("Deploy?", "delivered", "", "ops"),
        ("Drop?", "delivered", "", "ops"),
    ):
        rooms.store.execute(f"{settle} AND channel = ?", state, error, title, channel)
    age = "UPDATE listed SET accepted_at = accepted_at - 7200 WHERE level = 'CRITICAL'"
    rooms.store.execute(age)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "bad/ci fine/ci slow/ci half/ci half/ops Deploy?/ops Drop?/ops hush/ci"),
        ({"limit": 3}, "Deploy?/ops Drop?/ops hush/ci"),
        ({"notebook": "/n/fit.ipynb"}, "fine/ci slow/ci"),
        ({"notebook": "fit*"}, "fine/ci slow/ci"),
        ({"notebook": "*.ipynb"}, "bad/ci fine/ci slow/ci"),
        ({"notebook": "none.ipynb"}, ""),
        ({"within_s": 3600}, "fine/ci slow/ci half/ci half/ops Deploy?/ops Drop?/ops hush/ci"),
        ({"level": "CRITICAL"}, "bad/ci"),
        ({"channel": "ops"}, "half/ops Deploy?/ops Drop?/ops"),
        ({"channel": "ci", "limit": 1}, "hush/ci"),
        ({"state": "delivered"}, "fine/ci half/ci Deploy?/ops Drop?/ops"),
        ({"state": "waiting"}, "slow/ci"),
        ({"state": "undelivered"}, "bad/ci half/ops"),
        ({"is_failed": True}, "bad/ci half/ops"),
        ({"state": "undelivered", "channel": "ops"}, "half/ops"),
        ({"state": "quiet"}, "hush/ci"),
        ({"state": "quiet", "channel": "ops"}, ""),
        ({"state": "asked"}, "Deploy?/ops"),
        ({"state": "decided", "channel": "ops"}, "Drop?/ops"),
        ({"state": "decided", "channel": "ci"}, ""),
        (
            {"level": "OK", "channel": "ci", "state": "delivered", "within_s": 60, "notebook": "fit*"},
            "fine/ci",
        ),
    ],
)
def test_filters(wanted: dict[str, Any], found: str, home: Home) -> None:
    """Each of them, and several at once; of a message on two channels the rows that are meant."""

    async def work(rooms: Rooms) -> None:
        fill(rooms)
        rows = history(rooms.store, Wanted.of({"limit": 20, **wanted}))
        assert " ".join(f"{row['title']}/{row['channel']}" for row in rows) == found
        assert channels_told(rooms.store) == ["ci", "ops"]

    run(home, work)


def test_a_wrong_state_is_an_error(home: Home) -> None:
    """All words of a reader are known, and no other."""

    async def work(rooms: Rooms) -> None:
        for state in STATES:
            history(rooms.store, Wanted(1, state=state))
        with pytest.raises(KeyError):
            history(rooms.store, Wanted(1, state="?"))

    run(home, work)


def test_what_was_stored_before_is_listed(home: Home) -> None:
    """SQL lists an older file's messages as the courier lists new ones; what is no JSON stops nothing."""

    async def work(rooms: Rooms) -> None:
        fill(rooms)
        rooms.accept(Message(title="named", alert="Nightly", native={"slack": {"a": float("nan")}}))
        rooms.accept(Message(title="named", alert="Nightly"))
        of_python = rooms.store.rows("SELECT message, level, notebook, alert FROM listed ORDER BY message")
        rooms.store.execute("DELETE FROM listed")
        rooms.store.execute(LIST_ALL)
        of_sql = rooms.store.rows("SELECT message, level, notebook, alert FROM listed ORDER BY message")
        assert len(of_sql) == len(of_python) - 1
        assert {tuple(row) for row in of_sql} < {tuple(row) for row in of_python}
        assert alert_of({"notebook": "/n/fit.ipynb", "cell_id": "a"}, "", "") in {
            row["alert"] for row in of_sql
        }

    run(home, work)


@contextmanager
def counted(store: Store) -> Iterator[list[int]]:
    """How many thousands of steps SQLite takes in the block."""
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    store._db.set_progress_handler(step, 1000)
    yield steps
    store._db.set_progress_handler(None, 0)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(20),
        Wanted(20, notebook="/n/3.ipynb"),
        Wanted(20, level="CRITICAL"),
        Wanted(20, channel="ops"),
        Wanted(20, state="undelivered"),
        Wanted(20, state="asked"),
        Wanted(20, state="waiting"),
        Wanted(20, within_s=600.0),
    ],
)
def test_a_long_history_is_not_read_whole(wanted: Wanted, long_store: Store) -> None:
    """Of 20,000 messages what is wanted is found in some thousand steps: an index leads to it."""
    with counted(long_store) as thousands:
        assert len(history(long_store, wanted)) in (1, 10, 20)
    assert thousands[0] < 20


@pytest.fixture(scope="module")
def long_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """20,000 messages, a minute apart, of 20 notebooks; of each rare kind one, the oldest."""
    store = Store(tmp_path_factory.mktemp("long") / "home" / "store.db")
    numbers = "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 19999)"
    now = "CAST(strftime('%s', 'now') AS REAL) - i * 60"
    with store.transaction():
        for statement in (
            f"INSERT INTO message {numbers} SELECT i, {now}, 'o', 'p', 'title', '{{}}' FROM n",
            f"INSERT INTO listed {numbers} SELECT i, {now}, CASE i WHEN 19999 THEN 'CRITICAL' ELSE 'OK' END,"
            " '/n/' || (i % 20) || '.ipynb', 'alert' FROM n",
            f"INSERT INTO delivery (message, project, channel, kind, state, error) {numbers} SELECT i, 'p',"
            " CASE WHEN i % 3 THEN 'ci' ELSE 'ops' END, 'post', CASE i WHEN 19999 THEN 'failed'"
            " WHEN 19998 THEN 'waiting' ELSE 'delivered' END, CASE i WHEN 19999 THEN 'x' ELSE '' END FROM n",
            "INSERT INTO question (id, message, origin, body) VALUES ('q', '19999', 'o', '{}')",
        ):
            store.execute(statement)
    yield store
    store.close()


def test_bodies_are_not_read(long_store: Store) -> None:
    """Neither the search nor the rows of an answer look into a body, which may hold pictures."""
    seen: list[str] = []

    def note(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table in ("message", "listed"):
            seen.append(f"{table}.{column}")
        return sqlite3.SQLITE_OK

    long_store._db.set_authorizer(note)
    history(long_store, Wanted(20, notebook="3.ipynb", level="OK", channel="ops", state="delivered"))
    long_store._db.set_authorizer(None)
    assert "listed.level" in seen
    assert "message.body" not in seen
    assert past.channels_told(long_store) == ["ci", "ops"]
