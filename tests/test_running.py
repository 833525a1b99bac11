from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from nbalert.message import Level, Message
from tests.chat_servers.webhook import Webhook
from tests.kernels import ROOT


def started(*arguments: str) -> subprocess.Popen[str]:
    """`nbalert run` with these."""
    return subprocess.Popen(
        [sys.executable, "-m", "nbalert", "run", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(*arguments: str) -> tuple[int, str, str]:
    """Its exit status, and what it printed."""
    with started(*arguments) as process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def arrived(chat: Webhook) -> Message:
    """The one message."""
    chat.until(lambda server: bool(server.titles))
    (request,) = chat.accepted
    return Message.from_json(request.message)


def test_output_and_status_pass_through(chat: Webhook) -> None:
    """Nothing of the command's own is changed; the message has its last lines and how it ended."""
    status, out, err = ran("-t", "build", "--", "sh", "-c", "printf 'caf\\303\\251\\n'; echo bad >&2; exit 3")
    assert (status, out, err) == (3, "café\n", "bad\n")
    message = arrived(chat)
    assert message.title.startswith("build failed with exit status 3 after")
    assert (message.level, set(message.output.splitlines())) == (Level.CRITICAL, {"café", "bad"})
    assert message.code.startswith("sh -c ")


def test_it_streams(chat: Webhook) -> None:
    """What it prints is there before it ends."""
    with started("--", "sh", "-c", "echo first; read line; exit 1") as process:
        assert process.stdout
        assert process.stdout.readline() == "first\n"
        assert process.poll() is None
        assert process.stdin
        process.stdin.close()
        assert process.wait(60) == 1


def test_signals(chat: Webhook) -> None:
    """SIGTERM goes to the command, and the message says what ended it; a child's death is a status."""
    with started("--", "sh", "-c", "echo on; exec sleep 60") as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    assert arrived(chat).title.startswith("sh was ended by SIGTERM after")


@pytest.mark.parametrize(("command", "status"), [("no-such-command", 127), ("/etc", 126)])
def test_a_command_that_cannot_be_run(chat: Webhook, command: str, status: int) -> None:
    """As a shell says it, and told: a cron job whose program is gone is a failure like any other."""
    code, _, err = ran("--", command)
    assert code == status
    assert err.startswith(f"nbalert: {command}: ")
    assert arrived(chat).level is Level.CRITICAL


def test_only_what_is_asked_for_is_told(chat: Webhook) -> None:
    """`--on` and `--after`; options of the command stay the command's, and so does its `--`."""
    assert ran("--on", "failure", "--", "echo", "-t", "--", "x") == (0, "-t -- x\n", "")
    assert ran("--after", "1h", "--", "false")[0] == 1
    assert ran("-t", "told", "--", "true")[0] == 0
    assert arrived(chat).title.startswith("told finished in")
