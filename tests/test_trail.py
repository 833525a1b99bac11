from __future__ import annotations

import json
from typing import Any

import pytest

from nbalert.agreement import disagreements
from nbalert.trail import Head, broken, canonical, digest

Rows = list[dict[str, Any]]


def chain(*kinds: str) -> Rows:
    """A trail of one question, as it is stored."""
    rows: Rows = []
    for seq, kind in enumerate(kinds, 1):
        previous = rows[-1]["sha256"] if rows else ""
        rows.append(row(seq=seq, kind=kind, question="q", previous=previous))
    return rows


def row(**entry: Any) -> dict[str, Any]:
    """An entry as it is stored."""
    text = canonical(entry)
    fixed = {name: entry[name] for name in ("seq", "question", "kind")}
    return {**fixed, "entry": text, "sha256": digest(text)}


def head(rows: Rows) -> Head:
    """Of a whole chain."""
    return Head(rows[-1]["seq"], rows[-1]["sha256"])


FIVE = ("asked", "posted", "reply", "decision", "consumed")


def test_a_whole_chain() -> None:
    """Nothing is wrong with it, also where the head lags behind, and with an empty one."""
    rows = chain(*FIVE)
    assert [list(broken(rows, head(rows[:n]))) for n in range(1, 6)] == [[]] * 5
    assert list(broken(rows, Head())) == []
    assert list(broken([], Head())) == []


def changed(rows: Rows, seq: int, **values: Any) -> Rows:
    """One entry with other values, and a hash that fits: as somebody would do it who knows how."""
    entry = {**json.loads(rows[seq - 1]["entry"]), **values}
    return [*rows[: seq - 1], row(**entry), *rows[seq:]]


def stored(rows: Rows, seq: int, **columns: Any) -> Rows:
    """One row with other columns."""
    return [*rows[: seq - 1], {**rows[seq - 1], **columns}, *rows[seq:]]


def without(rows: Rows, *seqs: int) -> Rows:
    """Entries are gone."""
    return [one for one in rows if one["seq"] not in seqs]


def exchanged(rows: Rows, a: int, b: int) -> Rows:
    """Two entries in each other's place."""
    mixed = list(rows)
    mixed[a - 1] = {**rows[b - 1], "seq": a}
    mixed[b - 1] = {**rows[a - 1], "seq": b}
    return mixed


@pytest.mark.parametrize(
    ("does", "says"),
    [
        (lambda rows: changed(rows, 3, why="because"), ["entry 3 was changed: entry 4 follows another"]),
        (
            lambda rows: changed(rows, 5, run="mine"),
            ["entry 5 was changed: the head of the trail knows another"],
        ),
        (lambda rows: stored(rows, 2, entry=rows[1]["entry"] + " "), ["entry 2 was changed"]),
        (lambda rows: stored(rows, 2, entry="no JSON"), ["entry 2 was changed"]),
        (lambda rows: stored(rows, 2, kind="asked"), ["entry 2 was changed"]),
        (lambda rows: without(rows, 1), ["entry 1 is missing"]),
        (lambda rows: without(rows, 2, 3), ["entries 2 to 3 are missing"]),
        (lambda rows: without(rows, 4, 5), ["entries 4 to 5 are missing"]),
        (lambda rows: [], ["entries 1 to 5 are missing"]),
        (
            lambda rows: exchanged(rows, 2, 4),
            ["entry 4 stands in the place of entry 2", "entry 2 stands in the place of entry 4"],
        ),
    ],
)  # fmt: skip
def test_what_was_done_to_a_chain_is_named(does: Any, says: list[str]) -> None:
    """Changed, also with a new hash, missing at the start, in the middle and at the end, and exchanged."""
    rows = chain(*FIVE)
    assert list(broken(does(rows), head(rows))) == says


def test_a_lost_head() -> None:
    """Without it nobody can tell whether the chain is all there was."""
    assert "is lost" in next(broken(chain("asked"), None))
    assert list(broken([], None)) == []


def test_an_alarm_stays() -> None:
    """What a courier has found at its start is a finding for good."""
    alarm = row(seq=1, kind="alarm", question="", previous="", says="the head was lost")
    assert list(broken([alarm], head([alarm]))) == ["entry 1: the head was lost"]


LEAF = {
    "id": "q",
    "question_sha256": "a",
    "decision": {"outcome": "approved"},
    "run": "r",
    "body_outcome": "ok",
    "replies": [digest(canonical({"text": "yes"}))],
}


def told() -> Rows:
    """The trail of LEAF."""
    return [
        row(seq=1, kind="asked", question="q", previous="", question_sha256="a"),
        row(seq=2, kind="reply", question="q", previous="", reply={"text": "yes"}, why=""),
        row(seq=3, kind="decision", question="q", previous="", decision={"outcome": "approved"}),
        row(seq=4, kind="consumed", question="q", previous="", run="r"),
        row(seq=5, kind="outcome", question="q", previous="", outcome="ok"),
    ]


@pytest.mark.parametrize(
    ("leaves", "says"),
    [
        ([LEAF], []),
        ([{**LEAF, "question_sha256": "b"}], ["question q: what was asked was changed in the ledger"]),
        ([{**LEAF, "decision": None}], ["question q: its decision was changed in the ledger"]),
        ([{**LEAF, "run": "x"}], ["question q: the run that used its approval was changed in the ledger"]),
        ([{**LEAF, "body_outcome": None}], ["question q: how its body ended was changed in the ledger"]),
        ([{**LEAF, "replies": []}], ["question q: its answers were changed in the ledger"]),
        ([], ["question q is in the trail, and not in the ledger"]),
        ([LEAF, {**LEAF, "id": "p"}], ["question p is in the ledger, and not in the trail"]),
    ],
)
def test_where_ledger_and_trail_differ(leaves: list[dict[str, Any]], says: list[str]) -> None:
    """Each difference is named; one of a question that goes on meanwhile is none."""
    assert list(disagreements(told(), leaves, 5)) == says
    if [leaf["id"] for leaf in leaves] == ["q"]:
        assert list(disagreements(told(), leaves, 4)) == []
