"""Alerts that are told only where their level is another than at their last run."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nbalert.endings import Telling
from nbalert.home import Home
from nbalert.message import Level, Message, Source
from tests.courier.rooms import Rooms, run
from tests.courier.test_routing import WORST_FIRST, brought, heard, nightly

NOWHERE = "http://127.0.0.1:9/"


def told(message: Message, telling: str = Telling.CHANGE) -> dict[str, Any]:
    """An entry of the spool."""
    about = {"kind": "message", "origin": "o", "project": "p", "channels": ["ci"], "telling": telling}
    return {**about, "message": message.to_json()}


def take(rooms: Rooms, message: Message, telling: str = Telling.CHANGE) -> str:
    """Into the spool and out of it; the message's id."""
    entry = rooms.spool.put(told(message, telling))
    rooms.intake.take()
    return entry


def test_what_is_told(home: Home) -> None:
    """That it begins to fail, fails otherwise, has recovered, by any courier; not a first success."""
    left = [nightly(level, number) for number, level in enumerate(WORST_FIRST)]

    async def work(rooms: Rooms) -> None:
        message = left.pop(0)
        rooms.projects.learn(brought(NOWHERE, {"all": False}))
        take(rooms, message)

    while left:
        run(home, work)

    async def look(rooms: Rooms) -> None:
        assert heard(rooms, "ci") == ["CRITICAL 2", "WARNING 4", "Recovered: OK 5"]
        assert heard(rooms, "all") == heard(rooms, "ci")  # what is not told is told to nobody
        (row,) = rooms.store.rows("SELECT body FROM message WHERE title LIKE 'Recovered%'")
        assert re.search(r"Recovered after 3 runs, 0\.\d s: it was WARNING\.", row["body"])

    run(home, look)


def test_nobody_waits_for_what_is_not_told(home: Home) -> None:
    """Its sender hears that it is settled; an entry that is taken once more changes nothing."""

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(brought(NOWHERE, {}))
        take(rooms, nightly("CRITICAL"))
        silent = take(rooms, nightly("CRITICAL", 1))
        assert rooms.settled == [silent]
        for _ in range(2):
            rooms.intake.enter("again", told(nightly("OK", 2)))
        assert heard(rooms, "ci") == ["CRITICAL 0", "Recovered: OK 2"]

    run(home, work)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(list(Level.__members__)), st.booleans()), max_size=12
    )
)
def test_what_is_told_in_any_case_counts_as_well(alerts: list[tuple[str, str, bool]]) -> None:
    """`--on failure,change`: changes are told from one run to the next, however that one was told."""
    last: dict[str, str] = {}
    expected = []
    for number, (cell, level, is_always) in enumerate(alerts):
        if is_always or last.get(cell, "OK") != level:
            expected.append(f"{cell}{number}")
        last[cell] = level

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(brought(NOWHERE, {}))
        for number, (cell, level, is_always) in enumerate(alerts):
            where = Source(notebook="n", cell_id=cell)
            message = Message(title=f"{cell}{number}", level=Level[level], source=where)
            take(rooms, message, Telling.ALWAYS if is_always else Telling.CHANGE)
        assert [title.removeprefix("Recovered: ") for title in heard(rooms, "ci")] == expected

    with tempfile.TemporaryDirectory() as folder:
        run(Home(Path(folder), Path(folder) / "nbalert.toml"), work)
