"""What the store and the line say to a reader of the status, as plain values for JSON."""

from __future__ import annotations

from typing import Any

from nbalert.courier.attendance import Attendance
from nbalert.courier.store import Store
from nbalert.home import Home
from nbalert.spool import Spool
from nbalert.unfit import files_aside


def status(home: Home, store: Store, spool: Spool, attendance: Attendance) -> dict[str, Any]:
    """Who is on the line, what waits, and why.

    Returns:
        `present`: processes, oldest first; `waiting`: a row a project and channel, with count, oldest
        `accepted_at`, next try and reason; `questions`: open ones, oldest first; `failed`: newest 20
        deliveries given up; `spooled` and `unreadable`: counts of files; `aside`: files of the home that
        could not be read.
    """
    present = [
        {"pid": p.pid, "notebook": p.notebook, "project": p.project, "since": p.since}
        for p in sorted(attendance, key=lambda p: p.since)
    ]
    waiting = store.rows(
        # Bare columns beside min() are those of the row that has the minimum (SQLite, "Bare columns").
        "SELECT min(d.seq), d.project, d.channel, count(*) AS count, m.accepted_at, d.next_attempt_at,"
        " d.attempts, d.error AS reason FROM delivery d JOIN message m ON m.id = d.message"
        " WHERE d.state = 'waiting' GROUP BY d.project, d.channel ORDER BY m.accepted_at"
    )
    questions = store.rows(
        "SELECT q.id, m.title, m.accepted_at, q.expires_at FROM question q JOIN message m ON m.id = q.message"
        " WHERE q.decision IS NULL ORDER BY m.accepted_at"
    )
    failed = store.rows(
        "SELECT d.channel, m.title, d.error, d.settled_at FROM delivery d JOIN message m ON m.id = d.message"
        " WHERE d.state = 'failed' ORDER BY d.seq DESC LIMIT 20"
    )
    return {
        "present": present,
        "waiting": [dict(row) for row in waiting],
        "questions": [dict(row) for row in questions],
        "failed": [dict(row) for row in failed],
        "spooled": spool.count(),
        "unreadable": len(spool.unreadable()),
        "aside": [str(path) for path in files_aside(home.root)],
    }
