"""Which channels hear an alert that did not name them, and what level each alert had last.

    intake ─▶ enter ─▶ routed at once, or kept in `unrouted` until its project's settings are known
                              └─▶ a delivery (about `global`) for every channel that hears it

A channel with `global` hears every alert once, named or not; with `state_changes_only` those alone whose
level is another than the last time, where an alert that was never heard of counts as OK. So does Kapacitor.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nbalert.courier.delivery import GLOBAL, Delivery, introduction_left_s
from nbalert.courier.projects import NotReady, Projects
from nbalert.courier.store import Store
from nbalert.message import Level


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that is stored.

    Args:
        message: Its body, as `Message.to_json` gives it.
    """

    id: str
    accepted_at: float
    origin: str
    project: str
    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """An alert's level at its last run and at this one. What was never heard of counts as OK.

    Args:
        before_s: How long it had the level before.
    """

    before: Level
    now: Level
    before_s: float

    @property
    def is_one(self) -> bool:
        """Whether they differ."""
        return self.before != self.now

    @property
    def is_recovery(self) -> bool:
        """Whether it failed before, and does so no longer."""
        return self.before >= Level.WARNING > self.now


class Routing:
    """Routes alerts in the order in which they were accepted, project by project.

    Args:
        has_introduced: Whether the process of that origin has brought its project's settings.
    """

    def __init__(
        self, store: Store, delivery: Delivery, projects: Projects, has_introduced: Callable[[str], bool]
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._projects = projects
        self._has_introduced = has_introduced
        rows = store.rows("SELECT DISTINCT m.project FROM unrouted u JOIN message m ON m.id = u.message")
        self._behind = {str(row["project"]) for row in rows}

    def note(self, arrival: Arrival) -> Change:
        """Keep the level of an alert, in the order of acceptance. The caller holds a transaction."""
        key, level, at = (
            (arrival.project, _alert(arrival.message)),
            arrival.message["level"],
            arrival.accepted_at,
        )
        found = self._store.row("SELECT level, changed_at FROM alert WHERE project = ? AND id = ?", *key)
        self._store.execute(
            "INSERT INTO alert (project, id, level, at, changed_at) VALUES (?1, ?2, ?3, ?4, ?4)"
            " ON CONFLICT (project, id) DO UPDATE SET level = ?3, at = ?4,"
            " changed_at = CASE WHEN level = ?3 THEN changed_at ELSE ?4 END",
            *(*key, level, at),
        )
        if found is None:
            return Change(Level.OK, Level[level], 0.0)
        return Change(Level[found["level"]], Level[level], at - found["changed_at"])

    def enter(self, arrival: Arrival, *, has_changed: bool) -> None:
        """Route an alert that has just been stored, or keep it.

        The caller holds a transaction, and calls `go_on` now and then.

        Args:
            has_changed: Whether its level is another than the time before.
        """
        hears = None if arrival.project in self._behind else self._hears(arrival)
        if hears is not None:
            self._route(arrival, hears, has_changed)
            return
        self._store.execute(
            "INSERT INTO unrouted (message, has_changed) VALUES (?, ?)", arrival.id, has_changed
        )
        self._behind.add(arrival.project)

    def go_on(self) -> None:
        """Route what was kept, as far as the settings of its project are known by now."""
        for project in sorted(self._behind):
            if self._has_caught_up(project):
                self._behind.discard(project)

    def _has_caught_up(self, project: str) -> bool:
        """Route in order: changes are told from one to the next, so nothing overtakes."""
        for row in self._store.rows(
            "SELECT u.seq, u.has_changed, m.* FROM unrouted u JOIN message m ON m.id = u.message"
            " WHERE m.project = ? ORDER BY u.seq",
            project,
        ):
            arrival = Arrival(row["id"], row["accepted_at"], row["origin"], project, json.loads(row["body"]))
            if (hears := self._hears(arrival)) is None:
                return False
            with self._store.transaction():
                has_changed = row["has_changed"]
                if has_changed is None:  # kept by an earlier version
                    has_changed = self.note(arrival).is_one
                self._route(arrival, hears, bool(has_changed))
                self._store.execute("DELETE FROM unrouted WHERE seq = ?", row["seq"])
        return True

    def _hears(self, arrival: Arrival) -> Mapping[str, bool] | None:
        """Channels of the project that hear everything → only changes; None while that is not known."""
        if introduction_left_s(arrival.accepted_at) > 0 and not self._has_introduced(arrival.origin):
            return None
        try:
            return self._projects.hears(arrival.project)
        except NotReady:
            return None

    def _route(self, arrival: Arrival, hears: Mapping[str, bool], has_changed: bool) -> None:
        if not hears:
            return
        posts = self._store.rows(
            "SELECT channel FROM delivery WHERE message = ? AND kind = 'post'", arrival.id
        )
        named = {self._projects.resolved(arrival.project, post["channel"]) for post in posts}
        for channel, only_changes in hears.items():
            if channel not in named and (has_changed or not only_changes):
                self._delivery.add(arrival.id, arrival.project, channel, "post", GLOBAL)


def _alert(message: Mapping[str, Any]) -> str:
    """What is one alert over its runs: a cell of a notebook, or what bears the same name."""
    source = message["source"]
    if source["notebook"] and source["cell_id"]:
        return f"{source['notebook']}#{source['cell_id']}"
    return str(message.get("alert") or message["title"])
