"""The verdict on each alert and channel: by silences, then digests, then what several say alike, then rates.

Questions are never judged: they hold up somebody's cell.
"""

from __future__ import annotations

from nbalert.clock import Clock
from nbalert.courier.delivery import Delivery
from nbalert.courier.digests import Basket, Digests
from nbalert.courier.folding import Folding
from nbalert.courier.noise import DELIVER, Arrival, Candidate, Outcome, Verdict
from nbalert.courier.projects import Projects
from nbalert.courier.room import Room
from nbalert.courier.silences import Named, Silences
from nbalert.courier.store import Store

AGGREGATE, FOLD, RATE = "aggregate", "fold", "rate"
"""The rules by which something is digested: keys of settings."""


class Judging:
    """Answers routing. Its digests and silences fall due by themselves: `work` them."""

    def __init__(self, store: Store, delivery: Delivery, projects: Projects, clock: Clock) -> None:
        self._projects = projects
        self._room = Room(store, projects, clock)
        self._folding = Folding(store, delivery)
        self.silences = Silences(store, clock)
        self.digests = Digests(store, delivery, clock, self._room.has_room)

    def judge(self, candidate: Candidate) -> Verdict:
        """What is to become of it."""
        arrival, channel = candidate.arrival, candidate.channel
        if rule := self.silences.rule(_named(arrival)):
            return Verdict(Outcome.SUPPRESSED, rule)
        if candidate.handler and candidate.handler.aggregate:
            return Verdict(Outcome.DIGESTED, AGGREGATE)
        limits = self._projects.limits(arrival.project, channel)
        if self._folding.shown_by(arrival, channel, limits.fold_s):
            return Verdict(Outcome.DIGESTED, FOLD)
        if limits.rate and not self._has_room(candidate, limits.rate):
            return Verdict(Outcome.DIGESTED, RATE)
        return DELIVER

    def enter(self, candidate: Candidate, verdict: Verdict) -> None:
        """Put it where it belongs. The caller holds a transaction."""
        arrival, channel = candidate.arrival, candidate.channel
        if verdict.outcome == Outcome.SUPPRESSED:
            return
        limits = self._projects.limits(arrival.project, channel)
        if verdict.rule == FOLD:
            into = self._folding.shown_by(arrival, channel, limits.fold_s)
            self._folding.fold(arrival, channel, into)
        elif verdict.outcome == Outcome.DIGESTED:
            self.digests.gather(arrival.id, _basket(candidate, limits.rate))
        elif limits.fold_s:
            self._folding.begin(arrival, channel, limits.fold_s)

    def _has_room(self, candidate: Candidate, rate: str) -> bool:
        """What comes after something that waits for room waits with it, so that order is kept."""
        project, channel = candidate.arrival.project, candidate.channel
        if self.digests.is_open(project, channel):
            return False
        return self._room.has_room(project, channel, rate, but=candidate.arrival.id)


def _named(arrival: Arrival) -> Named:
    message, notebook = arrival.message, arrival.message["source"]["notebook"].replace("\\", "/")
    names = (arrival.alert, message["title"], message.get("alert", ""), notebook.rpartition("/")[2])
    return Named(tuple(name for name in names if name), message.get("topic", ""), arrival.accepted_at)


def _basket(candidate: Candidate, rate: str) -> Basket:
    project, channel, handler = candidate.arrival.project, candidate.channel, candidate.handler
    if handler is None or handler.aggregate is None:
        return Basket(project, channel, "", rate=rate)
    kept = handler.aggregate
    return Basket(project, channel, handler.id, kept.message, kept.interval, tuple(handler.publish))
