"""Whether a channel may be told one thing more, by its rate.

What waits for it counts as well: when a service that was away comes back it is told what the rate allows, and
the rest as a digest. Clocks that are set only ever give more room.
"""

from __future__ import annotations

from nbalert.clock import Clock
from nbalert.courier.projects import NotReady, Projects
from nbalert.courier.store import Store
from nbalert.rates import parse_rate


class Room:
    """Counts posts.

    Args:
        projects: Knows which channel is a project's default one, which may be meant without its name.
    """

    def __init__(self, store: Store, projects: Projects, clock: Clock) -> None:
        self._store = store
        self._projects = projects
        self._clock = clock

    def has_room(self, project: str, channel: str, rate: str, but: str = "") -> bool:
        """Whether fewer posts than the rate allows wait for the channel, or were made within its period.

        Args:
            but: Id of a message that is not counted.
        """
        most, period_s = parse_rate(rate)
        now_s = self._clock.time_s()
        names = (channel, "" if self._is_default(project, channel) else channel)
        found = self._store.row(
            "SELECT (SELECT count(*) FROM delivery WHERE project = ?1 AND channel IN (?2, ?3)"
            " AND kind = 'post' AND state = 'waiting' AND message != ?6"
            " AND message NOT IN (SELECT message FROM unrouted))"
            " + (SELECT count(*) FROM delivery WHERE project = ?1 AND channel IN (?2, ?3) AND kind = 'post'"
            " AND state = 'delivered' AND message != ?6 AND settled_at > ?4 AND settled_at <= ?5) AS used",
            *(project, *names, now_s - period_s, now_s, but),
        )
        return found is None or found["used"] < most

    def _is_default(self, project: str, channel: str) -> bool:
        try:
            return self._projects.resolved(project, "") == channel
        except NotReady:
            return False
