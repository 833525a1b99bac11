"""What rounds of SIGKILL share: how many, by what chance, and what must be true when they are over."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from nbalert.home import Home
from nbalert.process import client
from nbalert.spool import Spool

SEED = int(os.environ.get("CHAOS_SEED", random.randrange(10**6)))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", 500 if os.environ.get("CI") else 20))
PATIENCE_S = 3.0
"""How long a question waits for the colleague, who sometimes says nothing."""
UNHEARD = ("error: no courier told", "error: approved, but the approval could not be used: no answer")
"""Where couriers are killed faster than an asker finds them, it gives up, and does not run."""
SETTLE_S = 90.0
"""How long nothing may move, at the end of all rounds, before all has come to its end."""


def settle() -> None:
    """Wait until all that was accepted is delivered, and all that was asked has ended, while that goes on."""
    left, since = under_way(), time.monotonic()
    while any(left):
        assert time.monotonic() - since < SETTLE_S, f"{left} (deliveries, questions, files) stand still"
        time.sleep(0.05)
        if (now := under_way()) != left:
            left, since = now, time.monotonic()


def under_way() -> tuple[int, int, int]:
    """How many deliveries wait, questions are open, and files are in the spool."""
    status = client().request({"do": "status"}, SETTLE_S)
    return sum(row["count"] for row in status["waiting"]), len(status["questions"]), status["spooled"]


def note_rounds(
    figure: Callable[[str, object], None],
    target: str,
    kills: int,
    titles: list[str],
    facts: dict[str, list[str]],
) -> None:
    """What rounds that went well have shown, for the report."""
    figure(
        f"killed at random: {target}",
        f"{kills} kills, {len(titles)} alerts arrived, {len(facts['asked'])} questions,"
        f" {len(facts['ran'])} bodies run; 0 lost, 0 doubled, 0 unapproved",
    )


def check_alerts(accepted: list[str], titles: list[str]) -> None:
    """All that was accepted is there, and of each sender all from the first to the last, in order."""
    posted = [title.rpartition(" ") for title in titles]
    assert len(titles) == len(set(titles))
    assert set(accepted) <= set(titles)
    for sender in {name for name, _, _ in posted}:
        numbers = [int(number) for name, _, number in posted if name == sender]
        assert numbers == list(range(len(numbers))), sender


def check_asks(home: Home, facts: dict[str, list[str]], said: dict[str, str]) -> None:
    """No body ran unapproved or twice; whoever lived to hear of an approval ran; nothing is open."""
    with contextlib.closing(sqlite3.connect(home.store)) as store:
        book = dict(store.execute("SELECT id, outcome FROM question").fetchall())
        used = dict(store.execute("SELECT id, consumed_by FROM question WHERE consumed_by NOT NULL"))
    ran = facts["ran"]
    assert len(ran) == len(set(ran))
    for question in ran:
        assert (book[question], said[question]) == ("approved", "approve")
        assert used[question]
    ended = dict(line.split(" ", 1) for line in facts["ended"])
    for question, how in ended.items():
        assert how.partition(":")[0] == book[question] or how.startswith(UNHEARD), how
    assert set(facts["asked"]) <= book.keys()
    approved = {question for question, outcome in book.items() if outcome == "approved"}
    assert approved <= {question for question, text in said.items() if text == "approve"}
    heard = {question for question, how in ended.items() if not how.startswith(UNHEARD)}
    assert approved & heard == set(ran) & ended.keys()
    assert None not in book.values()
    assert set(book.values()) <= {"approved", "rejected", "expired", "cancelled"}


def check_files(home: Home, *inboxes: Path) -> None:
    """The databases are whole, no question is open in chat, and the spool is empty."""
    for path in (home.store, *inboxes):
        with contextlib.closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for path in inboxes:
        check_inbox(path)
    assert Spool(home.spool).count() == 0
    assert Spool(home.spool).unreadable() == []


def check_inbox(path: Path) -> None:
    """No question is open in it."""
    with contextlib.closing(sqlite3.connect(path)) as inbox:
        bodies = inbox.execute("SELECT body FROM messages").fetchall()
        assert inbox.execute("SELECT count(*) FROM messages WHERE is_open").fetchone() == (0,)
    assert all(json.loads(body)["decision"] for (body,) in bodies if json.loads(body)["question"])
