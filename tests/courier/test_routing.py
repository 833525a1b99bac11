from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nbalert.courier.project import Project
from nbalert.home import Home
from nbalert.message import Level, Message, Source
from tests.chat_servers.webhook import Webhook, status
from tests.courier.rooms import Rooms, run
from tests.inboxes import question

WORST_FIRST = ("OK", "OK", "CRITICAL", "CRITICAL", "WARNING", "OK", "OK")
CHANGES = ("CRITICAL", "WARNING", "OK")


def brought(url: str, hears: Mapping[str, bool], key: str = "p") -> Project:
    """Channels `ci`, the default one, and those that hear everything."""
    table = {"kind": "webhook", "url": url}
    return Project(key, "ci", dict.fromkeys(("ci", *hears), table), hears=hears)


def heard(rooms: Rooms, channel: str) -> list[str]:
    """Titles of what a channel is to be sent, oldest first."""
    rows = rooms.store.rows(
        "SELECT m.title FROM delivery d JOIN message m ON m.id = d.message"
        " WHERE d.channel = ? ORDER BY d.seq",
        channel,
    )
    return [row["title"] for row in rows]


def nightly(level: str, number: int = 0) -> Message:
    """An alert of one cell."""
    where = Source(notebook="nightly.ipynb", cell_id="a1")
    return Message(title=f"{level} {number}", level=Level[level], source=where)


def test_every_alert_and_no_question(home: Home) -> None:
    """Named or not, a global channel hears it once; a question goes where it was put."""

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(brought("http://127.0.0.1:9/", {"all": False}))
        rooms.accept(Message(title="named other"), "ci")
        rooms.accept(Message(title="named it"), "all", "ci")
        rooms.accept(Message(title="named none"), "")
        rooms.accept(Message(title="asks", question=question()), "ci")
        assert heard(rooms, "all") == ["named other", "named it", "named none"]
        assert heard(rooms, "ci") == ["named other", "named it", "asks"]

    run(home, work)


def test_the_default_channel_is_told_once(home: Home) -> None:
    """Also where it is the global one, and the alert names no channel."""

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(brought("http://127.0.0.1:9/", {"ci": False}))
        rooms.accept(Message(title="x"), "")
        assert len(rooms.store.rows("SELECT * FROM delivery")) == 1

    run(home, work)


def test_only_changes(home: Home) -> None:
    """A cell that begins to fail, and that recovers; a first success is no change."""

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(brought("http://127.0.0.1:9/", {"changes": True, "all": False}))
        for number, level in enumerate(WORST_FIRST):
            rooms.accept(nightly(level, number), "ci")
        assert heard(rooms, "changes") == ["CRITICAL 2", "WARNING 4", "OK 5"]
        assert len(heard(rooms, "all")) == len(WORST_FIRST)
        rooms.accept(Message(title="by name", level=Level.INFO), "changes")
        rooms.accept(Message(title="by name", level=Level.INFO), "changes")
        assert heard(rooms, "changes")[3:] == ["by name"] * 2

    run(home, work)


def test_the_level_is_known_to_the_next_courier(home: Home) -> None:
    """A scheduled notebook starts a courier a night: the last level is in the store."""
    left = [nightly(level, number) for number, level in enumerate(WORST_FIRST)]

    async def work(rooms: Rooms) -> None:
        message = left.pop(0)
        rooms.projects.learn(brought("http://127.0.0.1:9/", {"changes": True}))
        rooms.accept(message, "ci")
        (row,) = rooms.store.rows("SELECT * FROM alert")
        assert (row["id"], row["level"]) == ("nightly.ipynb#a1", message.level.name)

    while left:
        run(home, work)

    async def look(rooms: Rooms) -> None:
        assert [title.split()[0] for title in heard(rooms, "changes")] == list(CHANGES)

    run(home, look)


def test_without_a_cell_the_name_counts(home: Home) -> None:
    """A title that tells how long it took is another one every time: what it is about is the alert."""

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(brought("http://127.0.0.1:9/", {"changes": True}))
        rooms.accept(Message(title="load failed after 2 s", level=Level.CRITICAL, alert="load"), "ci")
        rooms.accept(Message(title="load failed after 3 s", level=Level.CRITICAL, alert="load"), "ci")
        rooms.accept(Message(title="other failed after 3 s", level=Level.CRITICAL), "ci")
        assert heard(rooms, "changes") == ["load failed after 2 s", "other failed after 3 s"]

    run(home, work)


def test_settings_that_are_not_known_yet(home: Home) -> None:
    """An alert may arrive before its project's settings: it is routed then, in order; others do not wait."""

    async def work(rooms: Rooms) -> None:
        rooms.strangers.add("o")
        for number, level in enumerate(("CRITICAL", "CRITICAL", "OK")):
            rooms.accept(nightly(level, number), "ci")
        assert heard(rooms, "changes") == []
        rooms.projects.learn(brought("http://127.0.0.1:9/", {"changes": True}))
        rooms.strangers.clear()
        rooms.accept(nightly("CRITICAL", 3), "ci")
        assert heard(rooms, "changes") == ["CRITICAL 0", "OK 2", "CRITICAL 3"]
        assert rooms.store.rows("SELECT * FROM unrouted") == []

    run(home, work)


def test_what_was_not_routed_is_by_the_next_courier(home: Home) -> None:
    """A courier that ends before the settings came leaves it in the store."""

    async def before(rooms: Rooms) -> None:
        rooms.strangers.add("o")
        rooms.accept(nightly("CRITICAL"), "ci")

    async def after(rooms: Rooms) -> None:
        rooms.projects.learn(brought("http://127.0.0.1:9/", {"all": False}))
        rooms.intake.route()
        assert heard(rooms, "all") == ["CRITICAL 0"]

    run(home, before)
    run(home, after)


def test_it_arrives_without_what_was_for_another(home: Home) -> None:
    """Ids of people and places belong to the service of the channel that was named."""

    async def work(rooms: Rooms) -> None:
        with Webhook() as server:
            rooms.projects.learn(brought(server.url, {"all": False}))
            rooms.accept(Message(title="x", target="C1", mention=("U1",)), "ci")
            await rooms.until(lambda: len(server.accepted) == 2)
            came = {(one.message["target"], tuple(one.message["mention"])) for one in server.accepted}
            assert came == {("C1", ("U1",)), ("", ())}

    run(home, work)


def test_nobody_waits_for_it(home: Home) -> None:
    """A global channel that denies all is its own affair: the sender's wait does not hear of it."""

    async def work(rooms: Rooms) -> None:
        with Webhook() as server:
            server.always(status(401))
            rooms.projects.learn(brought(server.url, {"all": False}))
            message = rooms.accept(Message(title="x"), "ci")
            await rooms.until(lambda: len(server.requests) >= 2)
            await rooms.until(lambda: any(message in messages for messages, _ in rooms.kept))
            assert [messages for messages, _ in rooms.kept if messages] == [[message]]

    run(home, work)


@settings(max_examples=25, deadline=None)
@given(
    alerts=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(list(Level.__members__))), max_size=12),
    learned_after=st.integers(0, 12),
)
def test_changes_are_those_of_the_list(alerts: list[tuple[str, str]], learned_after: int) -> None:
    """Whenever the settings come, a channel of changes hears exactly where a level differs from the last."""
    last: dict[str, str] = {}
    expected = []
    for number, (cell, level) in enumerate(alerts):
        if last.get(cell, "OK") != level:
            expected.append(f"{cell}{number}")
        last[cell] = level

    async def work(rooms: Rooms) -> None:
        rooms.strangers.add("o")
        for number, (cell, level) in enumerate(alerts):
            if number == learned_after:
                rooms.projects.learn(brought("http://127.0.0.1:9/", {"changes": True}))
                rooms.strangers.clear()
            where = Source(notebook="n", cell_id=cell)
            rooms.accept(Message(title=f"{cell}{number}", level=Level[level], source=where), "ci")
        rooms.projects.learn(brought("http://127.0.0.1:9/", {"changes": True}))
        rooms.strangers.clear()
        rooms.intake.route()
        assert heard(rooms, "changes") == expected

    with tempfile.TemporaryDirectory() as folder:
        run(Home(Path(folder), Path(folder) / "nbalert.toml"), work)
