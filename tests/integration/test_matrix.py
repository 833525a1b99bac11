"""Matrix from end to end: a kernel and scripts, a real courier, and a real homeserver behind a proxy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit

from nbalert.home import Home
from tests.channels.row_matrix import BOB, CAROL, MatrixRow, rendered
from tests.chat_servers.synapse import user
from tests.chat_servers.webhook import LOST, RESET, Answer, status
from tests.kernels import Kernel
from tests.processes import Script, wait_until

pytestmark = pytest.mark.long

BODY = """%%ask "Drop table users?"
ran = "dropped"
ran"""

ASK = """
import nbalert
print(nbalert.ask("Deploy?", raises=False).sentence, flush=True)
"""

POSTS = """
import nbalert

posted = [nbalert.post(f"number {n}.") for n in range(5)]
print([one.wait(60)[0].channel for one in posted], flush=True)
"""


@pytest.fixture
def row(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MatrixRow]:
    """A room, and a project whose default channel it is; ann asks, a group of bob and carol may answer."""
    with MatrixRow.open(tmp_path) as opened:
        monkeypatch.setenv("MATRIX_TOKEN", opened.token)
        channel = {
            **opened.values(),
            "token": "env:MATRIX_TOKEN",
            "approvers": ["group:dba"],
            "timeout_s": 3.0,
        }
        project = {"default": "ops", "channels": {"ops": channel}}
        project["groups"] = {"dba": [f"matrix:{BOB}", f"matrix:{CAROL}"]}
        (tmp_path / "nbalert.toml").write_text(tomlkit.dumps(project), encoding="utf-8")
        home.settings.parent.mkdir(parents=True, exist_ok=True)
        home.settings.write_text(tomlkit.dumps({"me": {"matrix": user("ann")}}), encoding="utf-8")
        yield opened


def question_in(row: MatrixRow) -> str:
    """Id of the question's event, once it is there."""

    def questions() -> list[str]:
        events = row.homeserver.events(row.room)
        return [one["event_id"] for one in events if "may answer" in str(one["content"])]

    wait_until(questions)
    return questions()[0]


def test_a_cell_asks_and_is_answered_in_the_thread(row: MatrixRow, tmp_path: Path) -> None:
    """A stranger's yes does nothing, and they are told; bob's lets the body run, and ann is told."""
    with Kernel(sys.executable, tmp_path) as kernel:
        assert kernel.run("%load_ext nbalert").status == "ok"
        request = kernel.send(BODY)
        event = question_in(row)
        assert 'ran = "dropped"' in row.seen()[0].text
        row.say("mallory", "yes", thread=event)
        wait_until(lambda: any("not an approver" in text for text in row.told(user("mallory"))))
        row.say("bob", "approve: looks right", thread=event)
        run = kernel.collect(request)
        assert (run.status, run.result) == ("ok", "'dropped'")
        wait_until(lambda: any("approved by Bob" in text for text in row.told(user("ann"))))
        assert f"✅ approved by Bob ({BOB}): looks right" in row.seen()[0].text


def test_a_rejection_while_the_homeserver_was_away(row: MatrixRow, tmp_path: Path) -> None:
    """It is restarted while a script waits; a reaction afterwards rejects."""
    with Script(ASK, folder=tmp_path) as script:
        event = question_in(row)
        row.homeserver.stop()
        row.homeserver.start()
        row.react("carol", event, "❌")
        assert script.line() == f"rejected by Carol ({CAROL})"


def test_faults_end_with_delivery(row: MatrixRow, tmp_path: Path) -> None:
    """429, a reset, a lost answer and one that is none of Matrix's: all arrive, once, in order."""
    garbage = Answer(body=b"<html>Please log in</html>")
    row.server.plan(status(429, Retry_After="0"), LOST, garbage, RESET)
    with Script(POSTS, folder=tmp_path) as script:
        assert script.line() == str(["ops"] * 5)
    events = [one for one in row.homeserver.events(row.room) if one["type"] == "m.room.message"]
    assert [rendered(one["content"]).split("\n")[0] for one in events] == [
        f"🔵 number {n}." for n in range(5)
    ]
