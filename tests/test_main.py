"""The command, as a process: what a shell sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from nbalert.home import Home
from nbalert.inbox import People
from nbalert.process import client
from nbalert.teammate import NAME, Teammate
from tests.kernels import ROOT
from tests.person import Person
from tests.processes import wait_until


def nbalert(
    *arguments: str, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "nbalert", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
    )


def test_post_delivers_before_it_ends(home: Home) -> None:
    """A shell's post has left when the command returns, and history says so."""
    done = nbalert("post", "Backup", "done", "-l", "ok")
    assert (done.returncode, done.stderr) == (0, "")
    listed = nbalert("history").stdout
    assert "Backup done" in listed
    assert "delivered" in listed


def test_post_reads_standard_input(home: Home) -> None:
    """`df | nbalert post` says what came in."""
    assert nbalert("post", stdin="Disk\n/dev/sda1 97%\n").returncode == 0
    assert "Disk" in nbalert("history").stdout


def test_a_wrong_level_is_one_line(home: Home) -> None:
    """Bad input names what is allowed, exits with 2, and shows no traceback."""
    done = nbalert("post", "x", "-l", "loud")
    assert done.returncode == 2
    assert done.stderr == "nbalert: unknown level 'loud'; levels: OK, INFO, WARNING, CRITICAL\n"


def test_an_unknown_channel_lists_the_known_ones(home: Home) -> None:
    """A misspelt channel costs one line, and nothing is sent."""
    done = nbalert("post", "x", "-c", "imbox")
    assert done.returncode == 2
    assert "unknown channel 'imbox'; known channels: inbox" in done.stderr
    assert "nothing has been sent yet" in nbalert("history").stdout


@pytest.mark.parametrize(("answer", "status"), [("approve", 0), ("reject: too risky", 1)])
def test_ask_exits_as_it_was_answered(home: Home, answer: str, status: int) -> None:
    """`nbalert ask … && deploy` deploys only when approved."""
    link = str(client().request({"do": "link", "base": "", "person": NAME}))
    with Teammate(link, [("Deploy", answer)]):
        done = nbalert("ask", "Deploy?")
    assert done.returncode == status
    assert NAME in (done.stdout + done.stderr)


def test_ask_prints_the_answer(home: Home) -> None:
    """`stage=$(nbalert ask … --choices blue,green)` has the choice, and nothing else."""
    link = str(client().request({"do": "link", "base": "", "person": NAME}))
    with Teammate(link, [("Stage", "GREEN: warm"), ("Rows", "64")]):
        done = nbalert("ask", "Stage?", "--choices", "blue,green", "-c", "inbox", "--timeout", "never")
        assert (done.returncode, done.stdout) == (0, "green\n")
        assert nbalert("ask", "Rows?", "--input", "int").stdout == "64\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--choices", "a,A"], "two choices are the same"),
        (["--need", "0"], "--need 0"),
        (["--timeout", "soon"], "write 90, 90s, 10m, 2h or 1h30m, or never"),
        (["--input", "date"], "'date': choose one of text, int, float"),
    ],
)
def test_ask_with_wrong_options_exits_with_2(home: Home, options: list[str], says: str) -> None:
    """Nothing is asked."""
    done = nbalert("ask", "Deploy?", *options)
    assert (done.returncode, says in done.stderr) == (2, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ask_that_is_broken_off_exits_with_4(home: Home, number: signal.Signals) -> None:
    """Ctrl-C, and the end of a job: the question is cancelled, in the chat too."""
    link = str(client().request({"do": "link", "base": "", "person": NAME}))
    command = [sys.executable, "-m", "nbalert", "ask", "Deploy?"]
    asking = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    with Person(link) as person:
        person.message("Deploy?")
        asking.send_signal(number)
        assert asking.wait(30) == 4
        assert person.decision("Deploy?")["outcome"] == "cancelled"


def test_ask_expires_with_3(home: Home) -> None:
    """Nobody answers: that is its own status, and not an approval."""
    done = nbalert("ask", "Deploy?", "--timeout", "1s")
    assert done.returncode == 3
    assert "expired" in done.stderr


def test_ask_where_nobody_can_answer_is_an_error(home: Home) -> None:
    """A channel without answers refuses at once and names the configured ones that have them."""
    home.root.mkdir(parents=True)
    home.settings.write_text('[channels.ci]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n')
    done = nbalert("ask", "Deploy?", "-c", "ci")
    assert done.returncode == 5
    assert "without answers_url; ask on a channel that can: inbox" in done.stderr


def test_status_says_who_is_there_and_what_waits(home: Home) -> None:
    """A channel that cannot be reached is in the status, with the reason."""
    home.root.mkdir(parents=True)
    home.settings.write_text('[channels.ci]\nkind = "webhook"\nurl = "http://127.0.0.1:9/secret-path"\n')
    posted = nbalert("post", "Waits", "-c", "ci", "--wait", "1s", env={"NBALERT_EXIT_WAIT": "0.1"})
    assert posted.returncode == 0
    assert "accepted, still on its way" in posted.stderr
    brief = {"NBALERT_EXIT_WAIT": "0.1"}
    wait_until(lambda: "127.0.0.1: cannot connect" in nbalert("status", env=brief).stdout)
    shown = nbalert("status", env=brief).stdout
    assert "1 for ci" in shown
    assert "secret-path" not in shown


def test_channels_lists_and_tests(home: Home) -> None:
    """What can be used, from where, what is wrong with the rest; a test is really delivered."""
    home.root.mkdir(parents=True)
    home.settings.write_text('[channels.ci]\nkind = "webhook"\nurl = "env:NOT_SET"\n')
    listed = nbalert("channels").stdout
    assert "inbox (default): inbox, posts and asks, from built-in" in listed
    assert "ci: cannot be used" in listed
    assert "NOT_SET is not set" in listed
    assert "posts and asks; comes with nbalert" in nbalert("channels", "kinds").stdout
    assert "inbox: delivered http://127.0.0.1:" in nbalert("channels", "test").stdout


def test_a_channel_from_nothing(home: Home) -> None:
    """Added with who you are, made the default one, tested: what is missing has a line each."""
    added = nbalert("channels", "add", "team", "inbox", "approvers=ann,bob", "me=carl")
    assert (added.returncode, added.stderr) == (0, "")
    assert "team: written to" in added.stdout
    assert nbalert("channels", "default", "team").returncode == 0
    assert "team (default): inbox, posts and asks" in nbalert("channels").stdout
    assert 'inbox = "carl"' in home.settings.read_text()
    tested = nbalert("channels", "test")
    assert tested.returncode == 1
    assert "team: nobody was ever invited by the name ann; there: nbalert inbox invite ann\n" in tested.stdout
    refused = nbalert("channels", "remove", "team")
    assert (refused.returncode, refused.stderr) == (
        2,
        "nbalert: team is the default channel; choose another first\n",
    )
    wrong = nbalert("channels", "kinds", "slak")
    assert "did you mean slack?" in wrong.stderr
    lines = nbalert("channels", "kinds", "slack").stdout.splitlines()
    assert lines[0].startswith("token ")  # its own settings come first
    assert lines[0].endswith("(xoxb-…) (needed)")
    assert any(line.split()[0] == "escalate_after" and line.endswith("[default: 15m]") for line in lines)


def test_an_inbox_for_a_team(home: Home, tmp_path: Path) -> None:
    """Serve, invite, post from another home with a sender's token; SIGTERM ends it cleanly."""
    serving = subprocess.Popen(
        [sys.executable, "-m", "nbalert", "inbox"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )
    assert serving.stdout is not None
    with serving.stdout:
        try:
            url = serving.stdout.readline().split()[-1]
            link = nbalert("inbox", "invite", "ann").stdout.strip()
            token = nbalert("inbox", "sender", "carl").stdout.split()[-1]
            other = {
                "NBALERT_HOME": str(tmp_path / "other"),
                "NBALERT_CHANNELS__TEAM__KIND": "inbox",
                "NBALERT_CHANNELS__TEAM__URL": url,
                "NBALERT_CHANNELS__TEAM__TOKEN": "env:TEAM_TOKEN",
                "TEAM_TOKEN": token,
            }
            posted = nbalert("post", "Hello team", "-c", "team", env=other)
            assert (posted.returncode, posted.stderr) == (0, "")
            assert _titles(link) == ["Hello team"]
            assert nbalert("stop", env=other).returncode == 0
        finally:
            serving.terminate()
            assert serving.wait(10) == 0


def _titles(link: str) -> list[str]:
    url, _, code = link.partition("/#code=")
    with httpx.Client(base_url=url, headers={"Origin": url}, trust_env=False) as person:
        person.post("/api/session", json={"code": code}).raise_for_status()
        return [m["message"]["title"] for m in person.get("/api/messages").json()["messages"]]


def test_an_invitation_needs_an_inbox(home: Home) -> None:
    """Inviting to what was never served is a clear error."""
    done = nbalert("inbox", "invite", "ann")
    assert done.returncode == 2
    assert "has not been served yet" in done.stderr


def test_revoking_signs_a_person_out(home: Home) -> None:
    """After `revoke` the person's unused link is void as well."""
    database = home.root / "team-inbox.db"
    home.root.mkdir(mode=0o700)
    people = People(database)
    people.remember("url", "http://127.0.0.1:1")
    code = people.invite("ann", 60)
    assert nbalert("inbox", "revoke", "ann").returncode == 0
    assert people.sign_in(code, "127.0.0.1:1") is None
    people.close()


def test_the_command_says_what_it_can() -> None:
    """`nbalert --help` in a terminal lists each command with its purpose."""
    shown = nbalert("--help").stdout
    for name in ("demo", "inbox", "post", "ask", "channels", "status", "history"):
        assert name in shown
