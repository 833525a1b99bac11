"""Stores with a history: rows in every table that grows, written by SQLite itself."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbalert.courier.store import Store
from nbalert.inbox import finding
from nbalert.inbox.archive import Archive
from nbalert.inbox.database import next_change
from nbalert.inbox.entry import body_of, columns
from nbalert.message import Level, Message, Receipt, Source
from nbalert.question import Decision, Outcome
from nbalert.testing.questions import question

CHANNEL = "ci"
BATCH = 10_000

_NEW = """
WITH RECURSIVE number (n) AS (SELECT $first UNION ALL SELECT n + 1 FROM number WHERE n < $last),
new AS (SELECT n, n % 10 AS tenth, printf('h%09d', n) AS id, printf('h%09d', n + 1) AS next,
    printf('o%09d', n / 50) AS origin, $at + n AS at FROM number)
"""
_HISTORY = """
INSERT INTO message SELECT id, at, origin, 'p', 'train ' || n, $body FROM new;
INSERT INTO listed SELECT id, at, 'OK', '/n/' || (n % 20) || '.ipynb', id FROM new;
INSERT INTO delivery (message, project, channel, kind, state, attempts, receipt, settled_at)
    SELECT id, 'p', 'ci', 'post', 'delivered', 1, $receipt, at FROM new;
INSERT INTO routed (message, channel, handler, verdict) SELECT id, 'ci', 'all', 'delivered' FROM new;
INSERT INTO question (id, message, origin, body, decision, outcome, consumed_by, body_outcome)
    SELECT id, id, origin, $asked, $decision, 'approved', 'r', 'ok' FROM new WHERE tenth = 0;
INSERT INTO reply (question, channel, reference, body) SELECT id, 'ci', n, '{}' FROM new WHERE tenth = 0;
INSERT INTO audit SELECT (SELECT coalesce(max(seq), 0) FROM audit) + row_number() OVER (), id, 'asked', '{}',
    hex(n) FROM new WHERE tenth = 0;
INSERT INTO progress (run, message, number, final) SELECT id, id, 1, next FROM new WHERE tenth = 1;
INSERT INTO digest (id, project, channel, handler, title, publish, rate, opened_at, at, boot, boot_s, is_open)
    SELECT id, 'p', 'ci', '', '', '[]', '', at, at, '', 0, 0 FROM new WHERE tenth = 2;
INSERT INTO digested SELECT id, 'ci', next FROM new WHERE tenth = 2;
INSERT INTO told SELECT 'p', 'alert ' || id, 'ci', at FROM new WHERE tenth = 3;
INSERT INTO alert (project, id, level, at, changed_at) SELECT 'p', id, 'OK', at, at FROM new WHERE tenth = 3;
INSERT INTO silence (what, glob, began_at, at, boot, boot_s, ended_at)
    SELECT 'all', '', at, at, '', 0, at FROM new WHERE tenth = 4;
"""


def lengthen(path: Path, rows: int) -> None:
    """Take the history of a store to so many messages, all delivered; other tables grow with them."""
    Store(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        (there,) = db.execute("SELECT count(*) FROM message").fetchone()
        if there >= rows:
            return
        values = {"first": there + 1, "last": rows, **_values()}
        db.executescript("PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        for statement in _HISTORY.split(";\n")[:-1]:
            db.execute(_NEW + statement, values)
        db.execute("COMMIT")


def fill(path: Path, messages: int) -> None:
    """Take an inbox to so many messages, as its archive writes them, in few transactions."""
    archive = Archive(path)
    (there,) = archive._database.execute("SELECT count(*) FROM messages").fetchone()
    for first in range(there, messages, BATCH):
        archive._database.execute("BEGIN")
        for number in range(first, min(first + BATCH, messages)):
            _put(archive._database, number)
        archive._database.execute("COMMIT")
    archive.close()


def _put(database: sqlite3.Connection, number: int) -> None:
    body = body_of(_message(number))
    rowid = database.execute(
        "INSERT INTO messages (id, sender, key, change, is_open, body, brief) VALUES (?, 's', ?, ?, ?, ?, ?)",
        (f"m{number}", str(number), next_change(database), *columns(body)),
    ).lastrowid
    finding.file(database, rowid, body)


def _message(number: int) -> Message:
    return Message(
        title=f"train {number} finished in 2 min",
        level=Level.OK,
        code="model.fit(data)\nmodel.score(test)",
        output=f"epoch {number} loss=0.3311\n" * 3,
        result="0.9132",
        metadata={"accuracy": 0.9132, "rows": number},
        source=Source(notebook=f"/home/ann/train-{number % 20}.ipynb", host="box", user="ann"),
    )


def _values() -> dict[str, object]:
    asked, receipt = question(), Receipt(channel=CHANNEL, reference="1")
    decision = Decision(question_id=asked.id, outcome=Outcome.APPROVED, decided_at=datetime.now(UTC))
    parts = {
        "body": Message(title="train finished").to_json(),
        "receipt": receipt.to_json(),
        "asked": asked.to_json(),
        "decision": decision.to_json(),
    }
    began_s = (datetime.now(UTC) - timedelta(days=30)).timestamp()
    return {"at": began_s, **{name: json.dumps(part) for name, part in parts.items()}}
