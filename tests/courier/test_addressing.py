from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from nbalert.courier.noise import Candidate, Noise, Outcome, Verdict
from nbalert.courier.project import Project
from nbalert.handlers import Handler
from nbalert.home import Home
from nbalert.message import Level, Message
from tests.chat_servers.webhook import Webhook
from tests.courier.rooms import Rooms, run
from tests.courier.test_routing import heard, nightly

NOWHERE = "http://127.0.0.1:9/"
CHANNELS = ("ci", "ops", "dev")


def project(
    *handlers: Mapping[str, Any], url: str = NOWHERE, hears: Mapping[str, bool] | None = None
) -> Project:
    """Webhooks `ci`, the default one, `ops` and `dev`, and handlers named `h0`, `h1` …"""
    tables = {name: {"kind": "webhook", "url": url} for name in CHANNELS}
    whole = ({"id": f"h{number}", **one} for number, one in enumerate(handlers))
    dumped = tuple(Handler.model_validate(one).model_dump(mode="json") for one in whole)
    return Project("p", "ci", tables, hears=hears or {}, handlers=dumped)


def pass_by(rooms: Rooms, hours: float) -> None:
    """Time, for what the store knows of levels."""
    rooms.store.execute(
        "UPDATE alert SET at = at - ?1, changed_at = changed_at - ?1, failing_at = failing_at - ?1",
        hours * 3600,
    )
    rooms.store.execute("UPDATE told SET at = at - ?", hours * 3600)


def publish(rooms: Rooms, message: Message, *channels: str) -> str:
    """An alert that names these channels and no default one."""
    data = {"kind": "message", "origin": "o", "project": "p", "message": message.to_json()}
    entry = rooms.spool.put({**data, "channels": list(channels)})
    rooms.intake.take()
    return entry


def routed(rooms: Rooms) -> list[tuple[str, str, str, str]]:
    """Channel, handler, verdict and rule, in the order of acceptance."""
    rows = rooms.store.rows(
        "SELECT r.* FROM routed r JOIN message m ON m.id = r.message ORDER BY m.accepted_at, r.channel"
    )
    return [(row["channel"], row["handler"], row["verdict"], row["rule"]) for row in rows]


def test_a_topic_is_heard_by_who_subscribes(home: Home) -> None:
    """By a glob; once a channel, however many handlers match; on the default channel where nobody does."""

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(project({"topic": "cpu*", "channel": "ops"}, {"topic": "cpu", "channel": "ops"}))
        publish(rooms, Message(title="hot", topic="cpu"))
        publish(rooms, Message(title="warm", topic="cpu-2"), "dev")
        publish(rooms, Message(title="typo", topic="cup"))
        publish(rooms, Message(title="no topic"), "")
        assert heard(rooms, "ops") == ["hot", "warm"]
        assert heard(rooms, "dev") == ["warm"]
        assert heard(rooms, "") == ["typo", "no topic"]
        assert routed(rooms) == [
            ("ops", "h0", "delivered", ""),
            ("dev", "named", "delivered", ""),
            ("ops", "h0", "delivered", ""),
            ("ci", "default", "delivered", ""),
            ("ci", "named", "delivered", ""),
        ]

    run(home, work)


def test_a_handler_may_publish(home: Home) -> None:
    """To further topics, where others subscribe; what it filters out it does not publish."""

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(
            project(
                {"topic": "cpu", "publish": ["all", "worst"], "levels": ["CRITICAL"]},
                {"topic": "all", "channel": "dev"},
                {"topic": "w*", "channel": "ops"},
            )
        )
        publish(rooms, Message(title="hot", topic="cpu", level=Level.CRITICAL))
        publish(rooms, Message(title="warm", topic="cpu", level=Level.WARNING))
        assert (heard(rooms, "dev"), heard(rooms, "ops"), heard(rooms, "")) == (["hot"], ["hot"], [])

    run(home, work)


class Whim(Noise):
    """Answers as it is told."""

    def __init__(self, **answers: Outcome) -> None:
        self.answers = answers

    def judge(self, candidate: Candidate) -> Verdict:
        """By the title."""
        outcome = self.answers.get(candidate.arrival.message["title"], Outcome.DELIVERED)
        return Verdict(outcome, "" if outcome == Outcome.DELIVERED else "whim")

    def enter(self, candidate: Candidate, verdict: Verdict) -> None:
        """Into no digest."""


@pytest.mark.parametrize("is_known", [True, False])
def test_the_verdict_counts(home: Home, is_known: bool) -> None:
    """Also for who was named, before the settings come; nothing leaves before it, and its sender hears."""

    async def work(rooms: Rooms) -> None:
        rooms.strangers |= set() if is_known else {"o"}
        with Webhook() as server:
            whim = Whim(a=Outcome.SUPPRESSED, b=Outcome.DIGESTED)
            rooms.judging.judge, rooms.judging.enter = whim.judge, whim.enter  # type: ignore[method-assign]
            rooms.projects.learn(project(url=server.url))
            ids = [publish(rooms, Message(title=title, topic="t"), "ci", "") for title in "abc"]
            rooms.strangers.clear()
            rooms.intake.route()
            await rooms.until(lambda: set(ids) <= set(rooms.settled))
            assert server.titles == ["c"]
            assert routed(rooms) == [
                ("ci", "named", "suppressed", "whim"),
                ("ci", "named", "digested", "whim"),
                ("ci", "named", "delivered", ""),
            ]

    run(home, work)


def test_an_alert_that_goes_on_failing(home: Home) -> None:
    """Is told when it begins, again after a while, and when it has recovered, with how long that was."""

    async def work(rooms: Rooms) -> None:
        with Webhook() as server:
            rooms.projects.learn(
                project({"channel": "ops", "state_changes_only": True, "remind_after": "6h"}, url=server.url)
            )
            for hours, level in ((0, "CRITICAL"), (3, "CRITICAL"), (3, "CRITICAL"), (1, "OK"), (1, "OK")):
                pass_by(rooms, hours)
                publish(rooms, nightly(level))
            await rooms.until(lambda: len(server.titles) == 3)
            assert [(one.message["title"], one.message["text"]) for one in server.accepted] == [
                ("CRITICAL 0", ""),
                ("Still failing: CRITICAL 0", "Still failing after 6 h, 3 runs."),
                ("Recovered: OK 0", "Recovered after 3 runs, 7 h: it was CRITICAL."),
            ]
            assert [one[3] for one in routed(rooms)] == [
                "",
                "state_changes_only",
                "",
                "",
                "state_changes_only",
            ]

    run(home, work)
