"""How far it is: one message a run that wants it, kept up to date until it becomes the message of the end.

    a run's begin (`every_s`) ─▶ work, in each round ─▶ message `run-…` ─▶ post, then updates in place
    its end in the spool (`run`), or its death ─▶ end ─▶ a post that continues it, or an update that ends it

What is newer takes the place of what waits, so that nothing piles up. All of it is in the store: another
courier goes on where one was, and an edit that is tried again is no second message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbalert.clock import Clock
from nbalert.courier.attendance import Attendance, Presence
from nbalert.courier.delivery import Delivery
from nbalert.courier.filing import file, renew
from nbalert.courier.noise import Arrival
from nbalert.courier.projects import NotReady, Projects
from nbalert.courier.store import Store
from nbalert.durations import show_duration
from nbalert.line import Frame
from nbalert.message import Level, Message, Source

LINES = 12
"""So many of the last lines are shown."""


class Progress:
    """The runs that are followed.

    Args:
        attendance: Knows what runs.
        is_gone: Whether the process of that origin is away for good.
    """

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        projects: Projects,
        attendance: Attendance,
        is_gone: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._projects = projects
        self._attendance = attendance
        self._is_gone = is_gone
        self._clock = clock
        self._began_s: dict[str, float] = {}
        # An earlier courier may have been killed while it posted: what waits may stand in the chat already.
        store.execute(
            "UPDATE delivery SET attempts = attempts + 1 WHERE state = 'waiting' AND kind = 'post'"
            " AND message IN (SELECT message FROM progress)"
        )

    def work(self) -> float | None:
        """Show what is due; seconds until the next, None if nothing is followed."""
        followed = [
            (presence, run, told)
            for presence in self._attendance
            for run, told in presence.runs.items()
            if told.get("every_s")
        ]
        left_s = [self._follow(*one) for one in followed]
        self._began_s = {run: self._began_s[run] for _, run, _ in followed}
        self._end_forgotten()
        return min(left_s, default=None)

    def end(self, run: str, message: Mapping[str, Any], final: str = "", heard: Collection[str] = ()) -> None:
        """A run has ended. Whoever has heard how far it is hears that. The caller holds a transaction.

        Args:
            message: What is told of the end.
            final: Id of the message that continues the progress; empty where none is posted.
            heard: The channels that it is posted on; on all others the progress ends with an update.
        """
        found = self._store.row("SELECT message FROM progress WHERE run = ?", run)
        self._store.execute(
            "INSERT INTO progress (run, final) VALUES (?, ?)"
            " ON CONFLICT (run) DO UPDATE SET final = excluded.final",
            *(run, final),
        )
        if found is None or found["message"] is None:
            return
        shown = found["message"]
        self._store.execute(  # neither waits any more, nor is to be retried
            "UPDATE delivery SET state = 'delivered', error = ''"
            " WHERE message = ? AND (about = 'progress' OR state = 'failed')",
            shown,
        )
        posts = self._store.rows(
            "SELECT project, channel FROM delivery WHERE message = ? AND kind = 'post'", shown
        )
        if others := [post for post in posts if post["channel"] not in heard]:
            renew(self._store, shown, message)
            for post in others:
                self._delivery.add(shown, post["project"], post["channel"], "update", "end")

    def is_over(self, run: str) -> bool:
        """Whether the end of a run that was to be followed is told already."""
        found = self._store.row("SELECT final FROM progress WHERE run = ?", run)
        return found is not None and found["final"] is not None

    def resolved(self, project: str, channels: Sequence[str]) -> list[str]:
        """Names of the channels, the default one by its own, as far as that is known."""
        try:
            return [self._projects.resolved(project, name) for name in channels]
        except NotReady:
            return list(channels)

    def _follow(self, presence: Presence, run: str, told: Frame) -> float:
        """Show a run if that is due; seconds until it is, or is again."""
        every_s, ran_s = float(told["every_s"]), self._ran_s(run, float(told["started_at"]))
        first_s = max(every_s, float(told.get("after_s", 0.0)))
        if ran_s < first_s:
            return first_s - ran_s
        number = int(ran_s // every_s)
        found = self._store.row("SELECT number, final FROM progress WHERE run = ?", run)
        if found is None or (found["final"] is None and found["number"] < number):
            self._show(presence, run, told, number, ran_s)
        return (number + 1) * every_s - ran_s

    def _ran_s(self, run: str, started_at: float) -> float:
        """How long it has run, by the clock that nobody can set from when it was heard of here."""
        now_s = self._clock.boot_s()
        return now_s - self._began_s.setdefault(run, now_s - max(0.0, self._clock.time_s() - started_at))

    def _show(self, presence: Presence, run: str, told: Frame, number: int, ran_s: float) -> None:
        """Where to is asked anew at each round while that is not known."""
        if not self._attendance.has_introduced(presence.origin):
            return
        try:
            channels = [self._projects.resolved(presence.project, name) for name in told["channels"]]
        except NotReady:
            return
        id_, message = f"run-{run}", _message(told, ran_s)
        with self._store.transaction():
            self._put(
                Arrival(id_, self._clock.time_s(), presence.origin, presence.project, message.to_json())
            )
            self._store.execute(
                "INSERT INTO progress (run, message, number) VALUES (?, ?, ?)"
                " ON CONFLICT (run) DO UPDATE SET number = excluded.number",
                *(run, id_, number),
            )
            for channel in channels:
                self._deliver(id_, presence.project, channel)
        self._delivery.wake()

    def _put(self, arrival: Arrival) -> None:
        if self._store.row("SELECT 1 FROM message WHERE id = ?", arrival.id):
            renew(self._store, arrival.id, arrival.message)
        else:
            file(self._store, arrival)

    def _deliver(self, id_: str, project: str, channel: str) -> None:
        """The newest version: a post that still waits is sent with it anyway."""
        post = self._store.row(
            "SELECT state FROM delivery WHERE message = ? AND channel = ? AND kind = 'post'", id_, channel
        )
        if post is None:
            self._delivery.add(id_, project, channel, "post")
        elif post["state"] != "waiting":
            self._delivery.add(id_, project, channel, "update", "progress", is_repeated=True)

    def _end_forgotten(self) -> None:
        """Runs of which nothing more will be heard: their process is gone, or could not keep its message."""
        for row in self._store.rows(
            "SELECT p.run, m.body, m.origin FROM progress p JOIN message m ON m.id = p.message"
            " WHERE p.final IS NULL"
        ):
            presence = self._attendance.of(row["origin"])
            is_gone = self._attendance.has_ended(row["origin"]) or self._is_gone(row["origin"])
            is_over = row["run"] not in presence.runs if presence else is_gone
            if is_over:
                with self._store.transaction():
                    self.end(row["run"], _forgotten(Message.from_json(json.loads(row["body"]))).to_json())
                self._delivery.wake()


def _message(told: Frame, ran_s: float) -> Message:
    lines = str(told["output"]).rstrip().split("\n")
    return Message(
        title=f"{told['title']} has been running for {show_duration(ran_s)}",
        level=Level.INFO,
        output="\n".join(lines[-LINES:]),
        duration_s=ran_s,
        alert=told["title"],
        source=Source.from_json(told["source"]),
    )


def _forgotten(shown: Message) -> Message:
    return replace(
        shown,
        title=f"{shown.alert} is over, and how it ended is not known",
        text="Its process is gone without a word, or could not keep its last message.",
        level=Level.WARNING,
    )
