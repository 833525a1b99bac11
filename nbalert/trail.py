"""The audit trail's form: a chain of entries, each of which carries the SHA-256 of the one before. Pure.

    {"at": …, "kind": "asked", "previous": "", "question": …, "seq": 1, …} ─sha256─┐
    {"at": …, "kind": "decision", "previous": ◀─────────────────────────────────────┘, "seq": 2, …}

The hash is that of the entry's canonical JSON: sorted keys, no blanks, ASCII. The head, number and hash of
the last entry, is also kept elsewhere: without it nobody could tell that the last ones were taken away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Row = Mapping[str, Any]
"""An entry as it is stored: seq, question, kind, entry (canonical JSON) and sha256."""


class Head(NamedTuple):
    """Number and hash of the last entry; 0 and empty before the first."""

    seq: int = 0
    sha256: str = ""


def canonical(values: Mapping[str, Any]) -> str:
    """The one way to write an entry."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """Hex SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def broken(rows: Iterable[Row], head: Head | None) -> Iterator[str]:
    """What is wrong with a chain, a line each; nothing if it is whole.

    Args:
        rows: As they are stored, in order of `seq`.
        head: As it was kept elsewhere; None if it is lost. It may lag behind: a crash comes between.
    """
    last, known, fault = Head(), Head() if head and not head.seq else None, ""
    for row in rows:
        yield from _missing(last.seq + 1, row["seq"] - 1)
        fault = _fault(row, last if not fault else None)
        if fault:
            yield fault
        last = Head(row["seq"], row["sha256"])
        if head and head.seq == last.seq:
            known = last
        if row["kind"] == "alarm":
            yield f"entry {row['seq']}: {json.loads(row['entry']).get('says', 'alarm')}"
    yield from _broken_head(last, head, known)


def _fault(row: Row, last: Head | None) -> str:
    """What is wrong with one entry; empty if nothing is.

    Args:
        last: The one before; None if that has a fault of its own, which names it already.
    """
    seq, entry = row["seq"], _parsed(row["entry"])
    if digest(row["entry"]) != row["sha256"] or canonical(entry) != row["entry"]:
        return f"entry {seq} was changed"
    if entry.get("seq") != seq:
        return f"entry {entry.get('seq')} stands in the place of entry {seq}"
    if (entry.get("question"), entry.get("kind")) != (row["question"], row["kind"]):
        return f"entry {seq} was changed"
    if last and seq == last.seq + 1 and entry.get("previous") != last.sha256:
        return f"entry {last.seq} was changed: entry {seq} follows another"
    return ""


def _broken_head(last: Head, head: Head | None, known: Head | None) -> Iterator[str]:
    if head is None:
        if last.seq:
            yield "the head of the trail is lost: nobody can tell whether last entries are missing"
        return
    yield from _missing(last.seq + 1, head.seq)
    if known and known.sha256 != head.sha256:
        yield f"entry {head.seq} was changed: the head of the trail knows another"


def _missing(first: int, last: int) -> Iterator[str]:
    if first == last:
        yield f"entry {first} is missing"
    elif first < last:
        yield f"entries {first} to {last} are missing"


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        entry = json.loads(text)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
