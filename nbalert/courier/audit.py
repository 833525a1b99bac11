"""The audit trail: what happened to questions, appended in the transaction in which it happened.

    asked ─▶ posted ─▶ reminded, escalated, reply… ─▶ decision ─▶ consumed ─▶ outcome (of the body)

`trail` has the form of the entries and finds what was changed. The tables refuse changes, and a copy of the
head in a file of its own shows when last entries were taken away. Against somebody who can write the user's
files, and knows all this, nothing local helps: export the trail to where they cannot write.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from pathlib import Path
from typing import Any

from nbalert.clock import Clock
from nbalert.courier.store import Store
from nbalert.home import private_file
from nbalert.message import Receipt
from nbalert.trail import Head, canonical, digest

log = logging.getLogger(__name__)

HEAD_DELAY_S = 0.01
"""How long after an entry the head is written: a decision's way to its cell is not to wait for a file."""


class Trail:
    """The trail of a store.

    Args:
        path: The file of the head.
    """

    def __init__(self, store: Store, path: Path, clock: Clock) -> None:
        self._store = store
        self._path = path
        self._clock = clock
        self._writing: asyncio.TimerHandle | None = None
        self._head = self._found()
        with store.transaction():
            self._begin()
        self.keep()

    def add(self, kind: str, question: str, **values: Any) -> None:
        """Append an entry. The caller holds a transaction: it stands if what it tells of stands.

        Args:
            kind: See the drawing above.
            values: Plain values for JSON.
        """
        self._append(kind, question, values)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().call_later(HEAD_DELAY_S, self.keep)

    @property
    def head(self) -> Head:
        """Number and hash of the last entry."""
        self.keep()
        return self._head

    def note_delivery(self, row: sqlite3.Row, error: str, receipt: Receipt | None) -> None:
        """What became of a question's post, or of a reminder. The caller holds a transaction.

        Args:
            row: Of `delivery`, with the id of its question.
            receipt: None where it was not delivered, for an error or because it was not to be said any more.
        """
        if row["question"] is None or row["kind"] == "update" or not (receipt or error):
            return
        does = "posted" if row["kind"] == "post" else "reminded"
        kind = does if receipt else f"not {does}"
        says = {"why": error} if receipt is None else {"link": receipt.link, "reference": receipt.reference}
        self.add(kind, row["question"], channel=row["channel"], about=row["about"], **says)

    def entries(self, question: str, *kinds: str) -> list[dict[str, Any]]:
        """The entries of these kinds of a question, in order."""
        marks = ", ".join("?" * len(kinds))
        rows = self._store.rows(
            f"SELECT entry FROM audit WHERE question = ? AND kind IN ({marks}) ORDER BY seq", question, *kinds
        )
        return [json.loads(row["entry"]) for row in rows]

    def replies(self, question: str) -> list[dict[str, Any]]:
        """The answers that were entered, in order."""
        found: list[dict[str, Any]] = []
        for entry in self.entries(question, "adopted", "reply"):
            found += entry["replies"] if entry["kind"] == "adopted" else [entry["reply"]]
        return found

    def knows(self, question: str, body: str, decision: str | None = None) -> bool:
        """Whether a question's row is what the trail says: altered tables must not let code run.

        Args:
            body: As it stands in the row.
            decision: As it stands in the row; None where it is not to be compared.
        """
        asked = self.entries(question, "asked", "adopted")
        if not asked or asked[0]["question_sha256"] != digest(body):
            return False
        if decision is None:
            return True
        decided = self.entries(question, "adopted", "decision")
        return bool(decided) and decided[-1]["decision"] == json.loads(decision)

    def keep(self) -> None:
        """Write the head, if it is another. Where that fails it lags behind, which is no alarm."""
        self.close()
        last = self._last()
        if last.seq > self._head.seq:
            self._write(last)

    def close(self) -> None:
        """Write nothing any more; what the head lacks is no alarm."""
        if self._writing:
            self._writing.cancel()
            self._writing = None

    def _append(self, kind: str, question: str, values: dict[str, Any]) -> None:
        stored = self._last()
        # An entry that was taken away leaves its number, and is missed for good.
        last = stored if stored.seq >= self._head.seq else self._head
        fixed = {
            "seq": last.seq + 1,
            "at": self._clock.now().isoformat(),
            "kind": kind,
            "question": question,
            "previous": last.sha256,
        }
        entry = canonical({**values, **fixed})
        self._store.execute(
            "INSERT INTO audit (seq, question, kind, entry, sha256) VALUES (?, ?, ?, ?, ?)",
            *(last.seq + 1, question, kind, entry, digest(entry)),
        )

    def _found(self) -> Head:
        """The head as it was left; a new trail begins with one, so that it is missed when it is not there."""
        if not self._path.exists() and not self._last().seq:
            self._write(Head())
        return read_head(self._path) or Head()

    def _begin(self) -> None:
        """Note, for good, where what an earlier courier has left does not fit together."""
        last = self._last()
        if not last.seq and not self._head.seq:
            self._adopt()
        elif not self._head.seq and read_head(self._path) is None:
            self._append("alarm", "", {"says": "the head of the trail was lost before this entry"})
        elif 0 < self._head.seq <= last.seq and self._hash(self._head.seq) != self._head.sha256:
            says = f"the head of the trail knew another entry {self._head.seq} before this one"
            self._append("alarm", "", {"says": says})

    def _adopt(self) -> None:
        """Enter the questions of a store that had no trail yet."""
        for row in self._store.rows("SELECT * FROM question ORDER BY message"):
            replies = self._store.rows("SELECT body FROM reply WHERE question = ? ORDER BY seq", row["id"])
            values = {
                "question_sha256": digest(row["body"]),
                "decision": json.loads(row["decision"]) if row["decision"] else None,
                "run": row["consumed_by"],
                "outcome": row["body_outcome"],
                "replies": [json.loads(reply["body"]) for reply in replies],
            }
            self._append("adopted", row["id"], values)

    def _last(self) -> Head:
        row = self._store.row("SELECT seq, sha256 FROM audit ORDER BY seq DESC LIMIT 1")
        return Head(row["seq"], row["sha256"]) if row else Head()

    def _hash(self, seq: int) -> str:
        row = self._store.row("SELECT sha256 FROM audit WHERE seq = ?", seq)
        return str(row["sha256"]) if row else ""

    def _write(self, head: Head) -> None:
        half = self._path.with_suffix(".part")
        try:
            private_file(half)
            half.write_text(json.dumps(head._asdict()), encoding="ascii")
            half.replace(self._path)
        except OSError:
            log.exception("the head of the audit trail cannot be written")
            return
        self._head = head


def read_head(path: Path) -> Head | None:
    """The head as it was written last; None if there is none, or it is no head."""
    try:
        values = json.loads(path.read_text(encoding="ascii"))
        return Head(int(values["seq"]), str(values["sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
