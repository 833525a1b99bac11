"""Trail, ledger and deliveries for a reader, page by page: none holds up the courier, or fills the line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from nbalert.courier.audit import Trail
from nbalert.courier.store import Store
from nbalert.trail import canonical, digest

PAGE_ROWS = 500
PAGE_CHARS = 1_000_000

Page = dict[str, Any]
"""`rows`, and `next`: what to name as `after` for the following page; None on the last one."""


def trail_page(store: Store, trail: Trail, after: int) -> Page:
    """Entries as they are stored, from the one after that number on; `head` is that of now."""
    rows = store.rows("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", after, PAGE_ROWS)
    return {**_page(rows, "seq", dict), "head": list(trail.head)}


def book_page(store: Store, after: str) -> Page:
    """Questions as the ledger has them, in order of their ids, with hashes of what is long."""
    rows = store.rows("SELECT * FROM question WHERE id > ? ORDER BY id LIMIT ?", after, PAGE_ROWS)
    return _page(rows, "id", lambda row: _leaf(store, row))


def delivery_page(store: Store, after: int) -> Page:
    """Deliveries in order of their acceptance."""
    rows = store.rows(
        "SELECT d.seq, d.message, m.title, m.accepted_at, d.project, d.channel, d.kind, d.about, d.state,"
        " d.attempts, d.error, json_extract(d.receipt, '$.link') AS link, d.settled_at"
        " FROM delivery d JOIN message m ON m.id = d.message WHERE d.seq > ? ORDER BY d.seq LIMIT ?",
        *(after, PAGE_ROWS),
    )
    return _page(rows, "seq", dict)


def _leaf(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    replies = store.rows("SELECT body FROM reply WHERE question = ? ORDER BY seq", row["id"])
    return {
        "id": row["id"],
        "question_sha256": digest(row["body"]),
        "decision": json.loads(row["decision"]) if row["decision"] else None,
        "run": row["consumed_by"],
        "body_outcome": row["body_outcome"],
        "replies": [digest(canonical(json.loads(reply["body"]))) for reply in replies],
    }


def _page(rows: Iterable[sqlite3.Row], key: str, shown: Callable[[sqlite3.Row], dict[str, Any]]) -> Page:
    some: list[dict[str, Any]] = []
    chars = 0
    for row in rows:
        one = shown(row)
        chars += len(json.dumps(one))
        some.append(one)
        if chars > PAGE_CHARS:
            break
    return {"rows": some, "next": some[-1][key] if some else None}
