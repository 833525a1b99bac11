"""What the store and the line say to a reader: status and history, as plain values for JSON."""

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


def history(store: Store, limit: int, *, is_failed: bool = False) -> list[dict[str, Any]]:
    """The newest messages with their deliveries and decisions, oldest first.

    Args:
        is_failed: Only those that were given up somewhere, or are kept until a channel is mended.
    """
    # Progress is shown by what it has become; what nobody was told, as nothing had changed, is not shown.
    told = (
        "NOT EXISTS (SELECT 1 FROM progress WHERE progress.message = message.id AND final != '')"
        " AND EXISTS (SELECT 1 FROM delivery WHERE delivery.message = message.id)"
    )
    stuck = (
        "EXISTS (SELECT 1 FROM delivery d WHERE d.message = message.id AND d.kind = 'post' AND d.error != '')"
    )
    rows = store.rows(
        "SELECT m.id, m.title, m.accepted_at, json_extract(m.body, '$.level') AS level, d.channel, d.state,"
        " d.attempts, d.error, d.settled_at, q.decision, q.body_outcome FROM"
        f" (SELECT * FROM message WHERE {stuck if is_failed else told}"
        " ORDER BY accepted_at DESC LIMIT ?) m"
        " LEFT JOIN delivery d ON d.message = m.id AND d.kind = 'post'"
        " LEFT JOIN question q ON q.message = m.id ORDER BY m.accepted_at, d.seq",
        limit,
    )
    return [dict(row) for row in rows if not is_failed or row["error"]]
