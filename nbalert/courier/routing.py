"""When an alert is routed: in the order of acceptance, once the settings of its project are known.

intake ─▶ enter ─▶ addressed at once, or kept in `unrouted` until its project's settings are known
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict

from nbalert.courier.addressing import Addressing
from nbalert.courier.delivery import Delivery
from nbalert.courier.levels import Levels
from nbalert.courier.noise import Arrival, Noise
from nbalert.courier.pauses import introduction_left_s
from nbalert.courier.projects import NotReady, Projects
from nbalert.courier.store import Store
from nbalert.matching import Change, Router
from nbalert.message import Level


class Routing:
    """Routes alerts in the order in which they were accepted, project by project.

    Args:
        has_introduced: Whether the process of that origin has brought its project's settings.
    """

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        projects: Projects,
        noise: Noise,
        has_introduced: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._projects = projects
        self._addressing = Addressing(store, delivery, projects, noise)
        self._has_introduced = has_introduced
        self._levels = Levels(store)
        rows = store.rows("SELECT DISTINCT m.project FROM unrouted u JOIN message m ON m.id = u.message")
        self._behind = {str(row["project"]) for row in rows}

    def note(self, arrival: Arrival) -> Change:
        """Keep the level of an alert, in the order of acceptance. The caller holds a transaction."""
        return self._levels.note(arrival)

    def keep_quiet(self, arrival: Arrival, channels: Iterable[str], change: Change) -> None:
        """Enter that its sender wanted it told of changes only. The caller holds a transaction."""
        self._addressing.keep_quiet(arrival, channels, change)

    def enter(self, arrival: Arrival, channels: Iterable[str], change: Change, *, is_end: bool) -> bool:
        """Route an alert that has just been stored, or keep it.

        The caller holds a transaction, and calls `go_on` now and then.

        Args:
            channels: Whom its sender named; an empty name is the default channel.
            is_end: Whether its progress stands on them, which is not left to say that it runs.

        Returns:
            Whether nobody will hear it of whom its sender could wait for.
        """
        for channel in channels:  # also before anything is known: status says what it waits for
            self._delivery.add(arrival.id, arrival.project, channel, "post")
        router = None if arrival.project in self._behind else self._router(arrival)
        if router is not None:
            return self._addressing.route(arrival, router, change, is_end=is_end)
        self._store.execute(
            "INSERT INTO unrouted (message, has_changed, change, is_end) VALUES (?, ?, ?, ?)",
            *(arrival.id, change.is_one, json.dumps(asdict(change)), is_end),
        )
        self._behind.add(arrival.project)
        return False

    def go_on(self) -> list[str]:
        """Route what was kept, as far as the settings of its project are known by now.

        Returns:
            Ids of messages that nobody will hear of whom their senders could wait for.
        """
        unheard: list[str] = []
        for project in sorted(self._behind):
            if self._has_caught_up(project, unheard):
                self._behind.discard(project)
        return unheard

    def _has_caught_up(self, project: str, unheard: list[str]) -> bool:
        """Route in order: changes are told from one to the next, so nothing overtakes."""
        for row in self._store.rows(
            "SELECT u.seq, u.has_changed, u.change, u.is_end, m.* FROM unrouted u"
            " JOIN message m ON m.id = u.message WHERE m.project = ? ORDER BY u.seq",
            project,
        ):
            arrival = Arrival(row["id"], row["accepted_at"], row["origin"], project, json.loads(row["body"]))
            if (router := self._router(arrival)) is None:
                return False
            with self._store.transaction():
                change = self._change(arrival, row["change"], row["has_changed"])
                self._store.execute("DELETE FROM unrouted WHERE seq = ?", row["seq"])
                if self._addressing.route(arrival, router, change, is_end=bool(row["is_end"])):
                    unheard.append(arrival.id)
        return True

    def _change(self, arrival: Arrival, noted: str | None, has_changed: int | None) -> Change:
        """As it was noted at its acceptance; earlier versions noted less of it, or nothing."""
        if noted:
            found = json.loads(noted)
            return Change(**{**found, "before": Level(found["before"]), "now": Level(found["now"])})
        if has_changed is None:
            return self.note(arrival)
        now = Level[arrival.message["level"]]
        return Change(Level.OK if has_changed else now, now)

    def _router(self, arrival: Arrival) -> Router | None:
        """The handlers of the project; None while they are not known."""
        if introduction_left_s(arrival.accepted_at) > 0 and not self._has_introduced(arrival.origin):
            return None
        try:
            return self._projects.router(arrival.project)
        except NotReady:
            return None
