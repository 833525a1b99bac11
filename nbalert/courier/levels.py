"""The last level of each alert, since when and for how many runs: kept across kernels and couriers."""

from __future__ import annotations

import sqlite3

from nbalert.courier.noise import Arrival
from nbalert.courier.store import Store
from nbalert.matching import Change
from nbalert.message import Level


class Levels:
    """Reads and writes `alert`, a row an alert, in the order of acceptance."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, arrival: Arrival) -> Change:
        """Enter the level of a run; how it differs from the run before. The caller holds a transaction."""
        level, at = Level[arrival.message["level"]], arrival.accepted_at
        key = arrival.project, arrival.alert
        found = self._store.row("SELECT * FROM alert WHERE project = ? AND id = ?", *key)
        change = Change(Level.OK, level) if found is None else _change(found, level, at)
        is_same = found is not None and not change.is_one
        fails, failed = level >= Level.WARNING, change.before >= Level.WARNING
        self._store.execute(
            "INSERT OR REPLACE INTO alert"
            " (project, id, level, at, changed_at, runs, failing_at, failing_runs)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(*key, level.name, at),
            *(found["changed_at"] if found and is_same else at, change.runs + 1 if is_same else 1),
            *((found["failing_at"] if found and failed else at) if fails else None,),
            *(change.failing_runs + 1 if fails else 0,),
        )
        return change


def _change(found: sqlite3.Row, now: Level, at: float) -> Change:
    failing_at = found["failing_at"]
    return Change(
        Level[found["level"]],
        now,
        before_s=max(0.0, at - found["changed_at"]),
        runs=found["runs"],
        failing_s=0.0 if failing_at is None else max(0.0, at - failing_at),
        failing_runs=found["failing_runs"],
    )
