from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nbalert.courier.project import Project
from nbalert.handlers import Handler
from nbalert.home import Home
from nbalert.message import Level, Message
from tests.clocks import HandClock
from tests.courier.rooms import Rooms, run

DAY_S = 86400.0
NIGHTLY = Handler.model_validate(
    {"id": "nightly", "topic": "nightly", "channel": "digests", "aggregate": {"interval": "1h"}}
)
SETTLED = "UPDATE delivery SET state = 'delivered', settled_at = ? WHERE state = 'waiting'"
OF_PROJECT = "FROM routed r JOIN message m ON m.id = r.message WHERE m.origin != ''"

posts = st.builds(
    lambda origin, title, level, topic: (origin, Message(title=title, level=level, topic=topic)),
    st.sampled_from("xyz"),
    st.sampled_from("ab"),
    st.sampled_from(list(Level)),
    st.sampled_from(["nightly", ""]),
)
steps = st.lists(
    st.one_of(
        *[posts] * 6,
        st.tuples(st.just("set"), st.floats(-2 * DAY_S, 2 * DAY_S)),
        st.tuples(st.just("pass"), st.floats(0, 2 * DAY_S)),
        st.tuples(st.just("silence"), st.sampled_from(["all", "alert", "topic"])),
        st.sampled_from([("unsilence", 0), ("restart", 0), ("work", 0), ("deliver", 0)]),
    ),
    min_size=15,
    max_size=40,
)


def learn(rooms: Rooms) -> None:
    """A process brings a channel with a rate, one of digests, and one that hears everything."""
    table = {"kind": "webhook", "url": "http://127.0.0.1:9/"}
    tables = dict.fromkeys(("ci", "digests", "all"), table)
    told = (NIGHTLY.model_dump(mode="json"),)
    limits = {"ci": {"rate": "3/min"}}
    rooms.projects.learn(Project("p", "ci", tables, hears={"all": False}, handlers=told, limits=limits))


def do(rooms: Rooms, clock: HandClock, what: object, how: object) -> None:
    """One step."""
    if isinstance(how, Message):
        rooms.accept(how, origin=str(what))
    elif what == "set":
        clock.set_by(float(str(how)))
    elif what == "pass":
        clock.go_on(float(str(how)))
    elif what == "silence":
        rooms.silences.begin(600, str(how), "nightly" if how == "topic" else "a")
    elif what == "unsilence":
        rooms.silences.end()
    elif what == "deliver":
        rooms.store.execute(SETTLED, clock.time_s())
    else:
        rooms.digests.work(rooms.intake.insert)


def check(rooms: Rooms, accepted: Counter[str]) -> None:
    """Each alert has one verdict on each channel, and is where that says."""
    routed = rooms.store.rows(f"SELECT r.* {OF_PROJECT}")
    places = Counter((row["message"], row["channel"]) for row in routed)
    assert set(places.values()) <= {1}
    assert Counter(channel for _, channel in places) == accepted
    for row in routed:
        key = (row["message"], row["channel"])
        told = rooms.store.rows(
            "SELECT 1 FROM delivery WHERE message = ? AND channel = ? AND kind = 'post'", *key
        )
        gathered = rooms.store.rows("SELECT 1 FROM digested WHERE message = ? AND channel = ?", *key)
        assert (len(told), len(gathered)) == {
            "delivered": (1, 0),
            "digested": (0, 1),
            "suppressed": (0, 0),
        }[row["verdict"]]
        assert bool(row["rule"]) == (row["verdict"] != "delivered")


def tell_all(rooms: Rooms, clock: HandClock) -> None:
    """Time passes until no digest is open; each is one message, and counts what it has gathered."""
    for _ in range(3):
        rooms.store.execute(SETTLED, clock.time_s())
        clock.go_on(DAY_S)
        rooms.digests.work(rooms.intake.insert)
    assert rooms.digests.open_ones() == []
    for digest in rooms.store.rows("SELECT g.*, m.body FROM digest g LEFT JOIN message m USING (id)"):
        gathered = rooms.store.rows("SELECT 1 FROM digested WHERE into_message = ?", digest["id"])
        message = json.loads(digest["body"])
        assert message["title"].startswith(f"{len(gathered)} ")
        runs = [int(line.split(" × ")[0]) for line in message["text"].splitlines()]
        assert sum(runs) == len(gathered)
        posts = rooms.store.rows("SELECT 1 FROM delivery WHERE message = ?", digest["id"])
        assert len(posts) == 1


@settings(max_examples=60)
@given(steps)
def test_every_alert_ends_in_one_place(taken: list[tuple[object, object]]) -> None:
    """Delivered, in one digest, or suppressed by a named rule, whatever clocks, couriers and people do."""
    clock = HandClock(time.time())
    accepted: Counter[str] = Counter()
    left = list(taken)

    async def work(rooms: Rooms) -> None:
        learn(rooms)
        while left:
            what, how = left.pop(0)
            if what == "restart":
                return
            do(rooms, clock, what, how)
            if isinstance(how, Message):
                accepted.update(["ci", "all"] + ["digests"] * (how.topic == "nightly"))
        check(rooms, accepted)
        tell_all(rooms, clock)
        check(rooms, accepted)

    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), Path(folder) / "nbalert.toml")
        is_over = False
        while not is_over:
            is_over = not any(what == "restart" for what, _ in left)
            run(home, work, clock)
