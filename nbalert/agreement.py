"""Whether the ledger's rows are what the audit trail says of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbalert.trail import Row, canonical, digest

Leaf = Mapping[str, Any]
"""A question in the ledger: id, question_sha256, decision, run, body_outcome, and its replies' hashes."""


@dataclass
class _Told:
    """What the trail says of one question."""

    question_sha256: str = ""
    decision: Any = None
    run: str = ""
    outcome: str | None = None
    replies: list[str] = field(default_factory=list)
    last_seq: int = 0

    def hear(self, entry: Mapping[str, Any]) -> None:
        """The next entry of it."""
        self.last_seq = entry["seq"]
        kind = entry["kind"]
        if kind in ("asked", "adopted"):
            self.question_sha256 = entry["question_sha256"]
        if kind == "adopted":
            self.decision, self.run = entry["decision"], entry["run"] or ""
            self.outcome = entry["outcome"] or None
            self.replies = [digest(canonical(reply)) for reply in entry["replies"]]
        elif kind == "reply":
            self.replies.append(digest(canonical(entry["reply"])))
        elif kind == "decision":
            self.decision = entry["decision"]
        elif kind == "consumed":
            self.run = entry["run"]
        elif kind == "outcome":
            self.outcome = entry["outcome"]


def disagreements(rows: Iterable[Row], leaves: Iterable[Leaf], until: int) -> Iterator[str]:
    """Where book and trail differ, a line each; nothing if they agree.

    Args:
        rows: The trail's, in order.
        leaves: The book's questions.
        until: Number of the trail's last entry before the book was read: a question of which more was entered
            since is in motion, and not compared.
    """
    told: dict[str, _Told] = {}
    for row in rows:
        if row["question"]:
            told.setdefault(row["question"], _Told()).hear(json.loads(row["entry"]))
    moving = {id_ for id_, known in told.items() if known.last_seq > until}
    for leaf in leaves:
        known = told.pop(leaf["id"], None)
        if leaf["id"] in moving:
            continue
        if known is None:
            yield f"question {leaf['id']} is in the ledger, and not in the trail"
        else:
            yield from (f"question {leaf['id']}: {fault}" for fault in _faults(leaf, known))
    for id_ in told.keys() - moving:
        yield f"question {id_} is in the trail, and not in the ledger"


def _faults(leaf: Leaf, told: _Told) -> Iterator[str]:
    if leaf["question_sha256"] != told.question_sha256:
        yield "what was asked was changed in the ledger"
    if leaf["decision"] != told.decision:
        yield "its decision was changed in the ledger"
    if (leaf["run"] or "") != told.run:
        yield "the run that used its approval was changed in the ledger"
    if (leaf["body_outcome"] or None) != told.outcome:
        yield "how its body ended was changed in the ledger"
    if leaf["replies"] != told.replies:
        yield "its answers were changed in the ledger"
