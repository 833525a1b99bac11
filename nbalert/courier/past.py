"""The history: the newest messages that a reader wants to see, found by index and not by their bodies."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from nbalert.courier.store import Store
from nbalert.history_words import states_of
from nbalert.line import Frame
from nbalert.message import base_name

_IS_KEPT_BACK = "(r.verdict = 'digested' OR r.rule = 'silence' OR r.rule LIKE 'silence --%')"
# Progress is shown by what it has become.
_IS_SHOWN = "NOT EXISTS (SELECT 1 FROM progress WHERE progress.message = l.message AND final != '')"
# What most messages are is looked up for each, newest first; what few are is where the search begins.
_POST = "EXISTS (SELECT 1 FROM delivery d WHERE d.message = l.message AND d.kind = 'post'{})"
_KEPT = f"EXISTS (SELECT 1 FROM routed r WHERE r.message = l.message AND {_IS_KEPT_BACK}{{}})"
# The plus signs keep SQLite from beginning with all posts, or all of a channel.
_FEW = "l.message IN (SELECT d.message FROM delivery d WHERE {})"
_QUESTION = "l.message IN (SELECT q.message FROM question q WHERE q.decision IS {})"

_COLUMNS = "l.message AS id, m.title, l.accepted_at, l.level, l.notebook, l.alert"
_LISTED = "FROM json_each(?) j JOIN listed l ON l.message = j.value JOIN message m ON m.id = l.message"
_DELIVERIES = (
    f"SELECT {_COLUMNS}, d.seq, d.channel, d.state, d.attempts, d.error, d.settled_at, q.id AS question,"
    f" q.decision, q.body_outcome {_LISTED} JOIN delivery d ON d.message = l.message AND d.kind = 'post'"
    " LEFT JOIN question q ON q.message = l.message"
)
# What went into a digest, or was silenced, is a row like those of deliveries; `error` is the rule.
_KEPT_BACK = (
    f"SELECT {_COLUMNS}, 0 AS seq, r.channel, r.handler, r.verdict AS state, 0 AS attempts,"
    " r.rule AS error, NULL AS settled_at, NULL AS question, NULL AS decision, NULL AS body_outcome"
    f" {_LISTED} JOIN routed r ON r.message = l.message WHERE {_IS_KEPT_BACK}"
)
_NOTEBOOKS = """
WITH RECURSIVE known (name) AS (
    SELECT min(notebook) FROM listed
    UNION ALL SELECT (SELECT min(notebook) FROM listed WHERE notebook > known.name) FROM known
    WHERE known.name IS NOT NULL
) SELECT name FROM known WHERE name IS NOT NULL"""
_CHANNELS = """
WITH RECURSIVE known (name) AS (
    SELECT min(channel) FROM delivery WHERE kind = 'post'
    UNION ALL SELECT (SELECT min(channel) FROM delivery WHERE kind = 'post' AND channel > known.name)
    FROM known WHERE known.name IS NOT NULL
) SELECT name FROM known WHERE name IS NOT NULL"""


class Wanted(NamedTuple):
    """What a reader wants to see; what is left out is all of it.

    Args:
        limit: How many messages, the newest.
        notebook: The notebook's path, or the name of its file, which may be a pattern.
        level: Its name.
        channel: Its name.
        state: One of `history_words.STATES`.
        within_s: How old it may be, in seconds.
    """

    limit: int
    notebook: str = ""
    level: str = ""
    channel: str | None = None
    state: str = ""
    within_s: float | None = None

    @classmethod
    def of(cls, frame: Frame) -> Wanted:
        """As it comes over the line; an older process says `is_failed` for a state."""
        within_s, channel = frame.get("within_s"), frame.get("channel")
        return cls(
            int(frame["limit"]),
            str(frame.get("notebook", "")),
            str(frame.get("level", "")),
            None if channel is None else str(channel),
            str(frame.get("state", "undelivered" if frame.get("is_failed") else "")),
            None if within_s is None else float(within_s),
        )


def history(store: Store, wanted: Wanted) -> list[dict[str, Any]]:
    """A row a message and channel: what it is, and what became of it there; oldest first."""
    ids = json.dumps(_newest(store, wanted))
    rows = [dict(row) for part in (_DELIVERIES, _KEPT_BACK) for row in store.rows(part, ids)]
    rows.sort(key=lambda row: (row["accepted_at"], row.pop("seq")))
    return [row for row in rows if _is_wanted(row, wanted)]


def channels_told(store: Store) -> list[str]:
    """The channels of all deliveries on record, by name."""
    return [row["name"] for row in store.rows(_CHANNELS)]


def _newest(store: Store, wanted: Wanted) -> list[str]:
    """Ids of the newest messages that are wanted, on the channel that is wanted."""
    parts: list[tuple[str, tuple[Any, ...]]] = list(_places(wanted))
    if wanted.level:
        parts.append(("l.level = ?", (wanted.level,)))
    if wanted.within_s is not None:
        parts.append(("l.accepted_at >= ?", (time.time() - wanted.within_s,)))
    if wanted.notebook:
        names = json.dumps(list(_notebooks(store, wanted.notebook)))
        parts.append(("l.notebook IN (SELECT value FROM json_each(?))", (names,)))
    where = " AND ".join(sql for sql, _ in parts)
    values = [value for _, some in parts for value in some]
    rows = store.rows(
        f"SELECT l.message FROM listed l WHERE {where} ORDER BY l.accepted_at DESC LIMIT ?",
        *(*values, wanted.limit),
    )
    return [row["message"] for row in rows]


def _places(wanted: Wanted) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What deliveries and questions say of a message, as conditions with their values."""
    channel = () if wanted.channel is None else (wanted.channel,)
    on_post, on_kept, on_few = (f" AND {x}.channel = ?" if channel else "" for x in ("d", "r", "+d"))
    post, kept = _POST.format(on_post), _KEPT.format(on_kept)
    conditions = {
        "": f"({post} OR {kept})",
        "delivered": _POST.format(f"{on_post} AND d.state = 'delivered'"),
        "waiting": _FEW.format(f"d.state = 'waiting' AND +d.kind = 'post' AND d.error = ''{on_few}"),
        "undelivered": _FEW.format(f"d.kind = 'post' AND d.error != '' AND d.state != 'delivered'{on_few}"),
        "quiet": kept,
        "asked": f"{post} AND {_QUESTION.format('NULL')}",
        "decided": f"{post} AND {_QUESTION.format('NOT NULL')}",
    }
    yield conditions[wanted.state], channel * (2 if not wanted.state else 1)
    if wanted.state != "undelivered":
        yield _IS_SHOWN, ()


def _notebooks(store: Store, wanted: str) -> Iterator[str]:
    for row in store.rows(_NOTEBOOKS):
        path = row["name"]
        if path == wanted or fnmatchcase(base_name(path), wanted):
            yield path


def _is_wanted(row: Mapping[str, Any], wanted: Wanted) -> bool:
    """A message stands on several channels, and not in one state on all of them."""
    is_there = wanted.channel is None or row["channel"] == wanted.channel
    return is_there and (not wanted.state or wanted.state in states_of(row))
