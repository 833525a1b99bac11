from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, assert_type

import pytest

import nbalert
from nbalert.errors import CannotAsk, NotApproved
from nbalert.history import exported
from nbalert.home import Home
from nbalert.process import client
from nbalert.question import Outcome
from nbalert.teammate import Teammate
from tests.person import Person
from tests.processes import wait_until

ran: list[object] = []


@nbalert.requires_approval("Drop a table?")
def drop(table: str, *, password: str = "s3cret", rows: list[int] | None = None) -> str:
    """Guarded."""
    ran.append(table)
    if table == "broken":
        raise ZeroDivisionError("its own")
    return table.upper()


@nbalert.requires_approval("Drop a table later?")
async def drop_later(table: str) -> str:
    """Guarded as well."""
    ran.append(table)
    return table.upper()


@pytest.fixture
def bob(home: Home) -> Iterator[Person]:
    """Somebody at the inbox; nothing has run yet."""
    ran.clear()
    with Person(link("bob")) as person:
        yield person


def link(name: str) -> str:
    """To the built-in inbox."""
    return str(client().request({"do": "link", "base": "", "person": name}))


def outcomes() -> list[str]:
    """How the bodies ended, as the trail has it."""
    entries = exported(client())["trail"]
    return [entry["outcome"] for entry in entries if entry["kind"] == "outcome"]


def test_it_runs_only_when_approved(home: Home, bob: Person) -> None:
    """The result, and the exception, are the function's own; a rejection raises, and nothing runs."""
    with Teammate(link("carol"), [("Drop", "yes")]):
        assert assert_type(drop("users"), str) == "USERS"
        with pytest.raises(ZeroDivisionError, match="its own"):
            drop("broken")
        assert asyncio.run(drop_later("users")) == "USERS"
    with Teammate(link("dave"), [("Drop", "no: never")]):
        with pytest.raises(NotApproved, match="never"):
            drop("logs")
        with pytest.raises(NotApproved, match="never"):
            asyncio.run(drop_later("logs"))
    assert ran == ["users", "broken", "users"]


def test_it_shows_source_and_arguments(home: Home, bob: Person) -> None:
    """The chat has the function and the call with all its arguments, secrets blotted out."""
    with Teammate(link("carol"), [("Drop", "yes")]):
        drop("users", rows=[1, 2])
    code = bob.message("Drop a table?")["question"]["code"]
    assert code.startswith('@nbalert.requires_approval("Drop a table?")\ndef drop(')
    call = code.partition("return table.upper()")[2]
    assert (
        call.strip() == "drop(\n    table='users',\n    password='«redacted: password»',\n    rows=[1, 2],\n)"
    )
    assert "s3cret" not in code


def test_arguments_that_change_meanwhile(home: Home, bob: Person) -> None:
    """What was approved is not what would run: it does not."""
    rows = [1]

    class Eager(Teammate):
        def _answer(self, question: Any) -> str:
            rows.append(2)  # after it was shown
            return "yes"

    with Eager(link("carol"), []), pytest.raises(NotApproved, match="the arguments have changed") as caught:
        drop("users", rows=rows)
    assert caught.value.decision.outcome is Outcome.ERROR
    assert ran == []


def test_what_cannot_be_shown_is_not_asked(home: Home) -> None:
    """A function without a source, and a call that does not fit."""
    guarded = nbalert.requires_approval("Sure?")(eval("lambda x: x"))
    with pytest.raises(CannotAsk, match="the source of <lambda> cannot be read"):
        guarded(1)
    with pytest.raises(TypeError, match="missing a required argument: 'table'"):
        drop()  # type: ignore[call-arg]


def test_how_it_ended_is_on_record(home: Home, bob: Person) -> None:
    """`ok`, or the type of the exception, without its text."""
    with Teammate(link("carol"), [("Drop", "yes")]):
        drop("users")
        with pytest.raises(ZeroDivisionError):
            drop("broken")
    wait_until(lambda: outcomes() == ["ok", "ZeroDivisionError"])
