"""Which channels hear an alert, and what becomes of it on each of them.

    whom the sender named ─┐
    handlers of its topic ─┼─▶ a candidate a channel ─▶ verdict ─▶ `routed`, and a delivery if that says so
    channels with `global` ┘

One alert reaches one channel once: what its sender named comes first, then handlers in the order of their
file, those that deliver each alert before those that make a digest, then `global`.
"""

from __future__ import annotations

from collections.abc import Iterable

from nbalert.courier.delivery import GLOBAL, Delivery
from nbalert.courier.noise import DELIVER, Arrival, Candidate, Noise, Outcome, Verdict
from nbalert.courier.projects import Projects
from nbalert.courier.shown import shown
from nbalert.courier.store import Store
from nbalert.handlers import DEFAULT, NAMED
from nbalert.matching import Alert, Change, Group, Hearing, Router, grouped

ON_CHANGE = "on change"
"""The rule that keeps quiet what is told with `--on change`, and is as it was."""


class Addressing:
    """Finds candidates, asks for a verdict on each, and enters it. The caller holds a transaction."""

    def __init__(self, store: Store, delivery: Delivery, projects: Projects, noise: Noise) -> None:
        self._store = store
        self._delivery = delivery
        self._projects = projects
        self._noise = noise

    def keep_quiet(self, arrival: Arrival, channels: Iterable[str], change: Change) -> None:
        """Its sender wanted it told of changes only, and it is none."""
        for channel in channels:
            self._enter(
                Candidate(arrival, channel, None, change), NAMED, Verdict(Outcome.SUPPRESSED, ON_CHANGE)
            )

    def route(self, arrival: Arrival, router: Router, change: Change, *, is_end: bool) -> bool:
        """Have everybody hear it who is to.

        Args:
            is_end: Whether its progress stands where its sender named it, which is not left to say that it
                runs.

        Returns:
            Whether nobody will hear it of whom its sender could wait for.
        """
        named = self._hear_named(arrival, change, is_end=is_end)
        alert = Alert.of(arrival.message)
        groups = grouped(router.hearings(alert, change), lambda one: self._is_due(arrival, one, change))
        for channel, group in groups.items():
            if channel not in named:
                self._hear(arrival, group, change)
        if not named and not router.is_subscribed(alert.topic):
            self._fall_back(arrival, change)
        return not self._is_awaited(arrival)

    def _hear_named(self, arrival: Arrival, change: Change, *, is_end: bool) -> set[str]:
        """Whom the sender named; the names by which they are known."""
        heard: set[str] = set()
        for row in self._store.rows(
            "SELECT channel FROM delivery WHERE message = ? AND kind = 'post' AND about = '' ORDER BY seq",
            arrival.id,
        ):
            channel = self._projects.resolved(arrival.project, row["channel"])
            if channel in heard:
                self._delivery.drop(arrival.id, row["channel"])
                continue
            heard.add(channel)
            candidate = Candidate(arrival, channel, None, change)
            verdict = DELIVER if is_end else self._noise.judge(candidate)
            if verdict.outcome != Outcome.DELIVERED and not self._delivery.drop(arrival.id, row["channel"]):
                verdict = DELIVER  # it was on its way already
            self._enter(candidate, NAMED, verdict)
        return heard

    def _hear(self, arrival: Arrival, group: Group, change: Change) -> None:
        """A channel hears it by one handler, or all of them keep quiet."""
        if (handler := group.first) is None:
            handler, _, _, rule = group.quiet[0]
            quiet = Candidate(arrival, handler.channel, handler, change)
            self._enter(quiet, handler.id, Verdict(Outcome.SUPPRESSED, rule))
            return
        candidate = Candidate(arrival, handler.channel, handler, change)
        verdict = self._noise.judge(candidate)
        parts = ""
        if verdict.outcome == Outcome.DELIVERED:
            is_reminder = handler in group.reminding
            parts = shown(handler, arrival.message, change, is_reminder=is_reminder)
            self._delivery.add(arrival.id, arrival.project, handler.channel, "post", GLOBAL)
            self._note_told(candidate)
        self._enter(candidate, handler.id, verdict, parts)

    def _fall_back(self, arrival: Arrival, change: Change) -> None:
        """What was published and nobody subscribes to: the default channel, so that it is not lost."""
        candidate = Candidate(arrival, self._projects.resolved(arrival.project, ""), None, change)
        verdict = self._noise.judge(candidate)
        if verdict.outcome == Outcome.DELIVERED:
            self._delivery.add(arrival.id, arrival.project, "", "post")
        self._enter(candidate, DEFAULT, verdict)

    def _is_due(self, arrival: Arrival, hearing: Hearing, change: Change) -> bool:
        """Whether what goes on failing was not told for so long that it is told again."""
        limit_s = hearing.handler.remind_after
        if limit_s is None or hearing.rule != "state_changes_only" or not change.is_failing_on:
            return False
        told = self._store.row(
            "SELECT at FROM told WHERE project = ? AND alert = ? AND channel = ?",
            *(arrival.project, arrival.alert, hearing.handler.channel),
        )
        since_s = arrival.accepted_at - told["at"] if told else change.failing_s
        return since_s >= limit_s

    def _note_told(self, candidate: Candidate) -> None:
        if candidate.handler is None or candidate.handler.remind_after is None:
            return
        arrival = candidate.arrival
        self._store.execute(
            "INSERT OR REPLACE INTO told (project, alert, channel, at) VALUES (?, ?, ?, ?)",
            *(arrival.project, arrival.alert, candidate.channel, arrival.accepted_at),
        )

    def _enter(self, candidate: Candidate, by: str, verdict: Verdict, parts: str = "") -> None:
        """Enter what became of it, once a message, channel and handler."""
        self._store.execute(
            "INSERT INTO routed (message, channel, handler, verdict, rule, shown) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            *(candidate.arrival.id, candidate.channel, by, verdict.outcome, verdict.rule, parts),
        )
        self._noise.enter(candidate, verdict)

    def _is_awaited(self, arrival: Arrival) -> bool:
        found = self._store.row(
            "SELECT 1 FROM delivery WHERE message = ? AND kind = 'post' AND about = ''", arrival.id
        )
        return found is not None
