"""What ends with its container: everything accepted has left before, and no time is lost after that."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
import pytest

from nbalert.command_actions import EXIT_OF
from nbalert.home import Home
from nbalert.process import client
from nbalert.question import Outcome
from tests.chat_servers.webhook import HANG, Answer, Request, Webhook, status
from tests.containers import contained
from tests.kernels import ROOT
from tests.processes import settings_file, webhook_table

pytestmark = pytest.mark.long

SLOW = Answer(delay_s=1.0)
"""Nothing but a real wait brings it: the container would be gone before the answer."""
ENDLESS = "600"
"""An exit wait that no test lives to see: who ends has ended because everything had left."""


def post(folder: Path) -> list[str]:
    """The command."""
    return ["-m", "nbalert", "post", "-c", "ci", "last"]


def script(folder: Path) -> list[str]:
    """A script that says something as its last act."""
    return ["-c", "import nbalert; nbalert.post('last', channel='ci')"]


def nbclient(folder: Path) -> list[str]:
    """A notebook, by nbclient."""
    place = notebook(folder, "%load_ext nbalert", "%%alert -t last -c ci\n1")
    return ["-m", "jupyter", "execute", str(place)]


def papermill(folder: Path) -> list[str]:
    """A notebook, by papermill."""
    place = notebook(folder, "%load_ext nbalert", "%%alert -t last -c ci\n1")
    return ["-m", "papermill", "--no-progress-bar", str(place), str(folder / "out.ipynb")]


def notebook(folder: Path, *cells: str) -> Path:
    """A notebook of those cells, for this environment's kernel."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    place = folder / "in.ipynb"
    nbformat.write(made, place)
    return place


def run(arguments: Sequence[str], **env: str) -> subprocess.CompletedProcess[str]:
    """A Python process as the first one of a container, to its end."""
    return subprocess.run(
        contained([sys.executable, *arguments]),
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def states(home: Home) -> dict[str, str]:
    """Title → state of every delivery, as the courier that is gone has left them."""
    with sqlite3.connect(home.store) as store:
        return dict(
            store.execute("SELECT m.title, d.state FROM delivery d JOIN message m ON m.id = d.message")
        )


@pytest.mark.parametrize("what", [post, script, nbclient, papermill])
def test_it_leaves_before_the_container_ends(
    what: Callable[[Path], list[str]], mode: str, home: Home, tmp_path: Path
) -> None:
    """Also where the chat is slow; once it has answered, nothing is waited for."""
    with Webhook(lambda request: SLOW) as server:
        settings_file(home.root, webhook_table("ci", server.url))
        done = run(what(tmp_path), NBALERT_COURIER=mode, NBALERT_EXIT_WAIT=ENDLESS)
        assert done.returncode == 0, done.stderr
        assert [request.title for request in server.accepted] == ["last"]
    assert states(home) == {"last": "delivered"}


def test_the_chat_shows_how_a_question_ended(mode: str, home: Home) -> None:
    """Nobody is left before a button that does nothing: that, too, leaves before the container ends."""

    def inbox(request: Request) -> Answer:
        if request.method == "GET":
            return status(503)
        body = b'{"id": "m", "link": ""}'
        return Answer(body=body, delay_s=SLOW.delay_s if request.method == "PUT" else 0.0)

    with Webhook(inbox) as server:
        url = server.url.removesuffix("/secret-path")
        settings_file(
            home.root,
            f'[channels.team]\nkind = "inbox"\nurl = "{url}"\ntoken = "env:TOKEN"\napprovers = ["bob"]\n'
            '[me]\ninbox = "ann"\n',
        )
        ask = ["-m", "nbalert", "ask", "-c", "team", "--timeout", "1s", "Deploy?"]
        done = run(ask, NBALERT_COURIER=mode, NBALERT_EXIT_WAIT=ENDLESS, TOKEN="x" * 30)
        assert done.returncode == EXIT_OF[Outcome.EXPIRED], done.stderr
        assert [r.method for r in server.accepted if r.method != "GET"] == ["POST", "PUT"]
    with sqlite3.connect(home.store) as store:
        assert list(store.execute("SELECT kind, state FROM delivery ORDER BY seq")) == [
            ("post", "delivered"),
            ("update", "delivered"),
        ]


def test_a_kernel_uses_the_time_after_sigterm(mode: str, home: Home, tmp_path: Path) -> None:
    """Jupyter sends it while the kernel waits for its deliveries; what leaves until SIGKILL has left."""
    first = "import nbalert\nnbalert.post('first', channel='ci').wait()"
    cells = [first, "nbalert.post('last', channel='ci')"]
    with Webhook() as server:
        server.plan(Answer(), Answer(delay_s=3.5))  # SIGTERM comes after 2.5 s, SIGKILL after 5
        settings_file(home.root, webhook_table("ci", server.url))
        done = run(
            ["-m", "jupyter", "execute", str(notebook(tmp_path, *cells))],
            NBALERT_COURIER=mode,
            NBALERT_EXIT_WAIT=ENDLESS,
        )
        assert done.returncode == 0, done.stderr
        assert "nbalert: 1 alert(s) still on the way, and kept" in done.stderr
    assert states(home) == {"first": "delivered", "last": "delivered"}


def test_a_kernel_that_is_given_more_time(mode: str, home: Home, tmp_path: Path) -> None:
    """The five seconds are Jupyter's: where it allows more, more is waited."""
    place = notebook(tmp_path, "import nbalert\nnbalert.post('last', channel='ci')")
    execute = ["-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--output", "out", str(place)]
    with Webhook(lambda request: Answer(delay_s=8.0)) as server:
        settings_file(home.root, webhook_table("ci", server.url))
        done = run(
            [*execute, "--KernelManager.shutdown_wait_time=120"],
            NBALERT_COURIER=mode,
            NBALERT_EXIT_WAIT=ENDLESS,
        )
        assert done.returncode == 0, done.stderr
    assert states(home) == {"last": "delivered"}


def test_what_a_killed_kernel_leaves(mode: str, home: Home, tmp_path: Path) -> None:
    """No answer in time: papermill ends well, its log says how many, and the next process sends."""
    with Webhook() as server:
        server.always(HANG)
        settings_file(home.root, webhook_table("ci", server.url))
        done = run(papermill(tmp_path), NBALERT_COURIER=mode, NBALERT_EXIT_WAIT=ENDLESS)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("nbalert: 1 alert(s) still on the way, and kept") == 1
        server.always(Answer())
        client().request({"do": "status"})
        server.until(lambda s: s.titles == ["last"])


def test_the_wait_has_an_end(mode: str, home: Home) -> None:
    """Then it is said how many are left, and the script's own exit status stays."""
    code = "import nbalert\nfor n in range(3): nbalert.post(str(n), channel='ci')\nraise SystemExit(7)"
    with Webhook() as server:
        server.always(HANG)
        settings_file(home.root, webhook_table("ci", server.url))
        done = run(["-c", code], NBALERT_COURIER=mode, NBALERT_EXIT_WAIT="1")
        assert (done.returncode, done.stderr) == (
            7,
            "nbalert: 3 alert(s) still on the way, and kept (nbalert status says what they wait for)\n",
        )
        server.always(Answer())
        client().request({"do": "status"})
        server.until(lambda s: s.titles == ["0", "1", "2"])
