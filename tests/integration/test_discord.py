"""Discord from end to end: kernels and scripts, a courier, and a server that speaks Discord's protocol."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit

import nbalert
from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.process import finish
from tests.chat_servers.discord import ANN, BOB, MALLORY, Discord
from tests.chat_servers.discord_push import IDENTIFY
from tests.chat_servers.webhook import RESET, Answer, status
from tests.kernels import Kernel
from tests.processes import Script

BODY = """%%ask "Drop table users?"
ran = "dropped"
ran"""

THREADS = """
import asyncio, threading, nbalert

def ask(text):
    print(text, nbalert.ask(text, raises=False).sentence, flush=True)

threads = [threading.Thread(target=ask, args=(f"From thread {n}?",)) for n in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

async def main():
    print("From a loop?", (await nbalert.ask_async("From a loop?")).sentence, flush=True)

asyncio.run(main())
"""

POSTS = """
import nbalert

posted = [nbalert.post(f"number {n}.") for n in range(5)]
print([one.wait(60)[0].channel for one in posted], flush=True)
"""


@pytest.fixture
def discord(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Discord]:
    """A server, and a project whose default channel it is; ann asks, bob may answer."""
    with Discord() as server:
        monkeypatch.setenv("DISCORD_TOKEN", server.kept.token)
        channel = {**server.values, "token": "env:DISCORD_TOKEN", "approvers": [BOB]}
        project = {"default": "ops", "channels": {"ops": channel}}
        (tmp_path / "nbalert.toml").write_text(tomlkit.dumps(project), encoding="utf-8")
        home.settings.parent.mkdir(parents=True, exist_ok=True)
        home.settings.write_text(tomlkit.dumps({"me": {"discord": ANN}}), encoding="utf-8")
        yield server
        assert server.faults == []


def test_a_cell_asks_and_is_answered_by_a_click(discord: Discord, tmp_path: Path) -> None:
    """A stranger's click does nothing, and only they are told; bob's lets the body run, and ann is told."""
    with Kernel(sys.executable, tmp_path) as kernel:
        assert kernel.run("%load_ext nbalert").status == "ok"
        request = kernel.send(BODY)
        question = discord.question()
        assert 'ran = "dropped"' in question["embeds"][0]["description"]
        stranger = discord.click(MALLORY, question)
        discord.until(lambda: stranger.private)
        assert "not an approver" in stranger.private[0]
        click = discord.click(BOB, question)
        run = kernel.collect(request)
        assert (run.status, run.result) == ("ok", "'dropped'")
        discord.until(lambda: len(discord.messages) == 2)
        edited, told = discord.messages
        assert edited["components"] == []
        assert f"approved by Bob ({BOB})" in edited["embeds"][0]["description"].replace("\\", "")
        assert discord.kept.pinged[told["id"]] == [ANN]
        assert (click.answer, click.private) == ({"type": 6}, [])


def test_threads_and_loops_of_a_script(discord: Discord, tmp_path: Path) -> None:
    """Several asks at once, one connection: each has its own answer."""
    with Script(THREADS, folder=tmp_path) as script:
        discord.until(lambda: len(discord.messages) == 2)
        first, second = sorted(discord.messages, key=lambda m: m["embeds"][0]["title"])
        discord.click(BOB, second)
        discord.react(BOB, first, "❌")
        said = sorted(script.line() for _ in range(2))
        assert said == [
            f"From thread 0? rejected by Bob ({BOB})",
            f"From thread 1? approved by Bob ({BOB})",
        ]
        third = discord.until(lambda: [m for m in discord.messages if "loop" in str(m["embeds"])])[0]
        discord.say(BOB, "yes: go", reply_to=third)
        assert script.line() == f"From a loop? approved by Bob ({BOB}): go"
    assert len(discord.push.ops(IDENTIFY)) == 1


def test_faults_end_with_delivery(discord: Discord, tmp_path: Path) -> None:
    """429, 500 twice, reset twice and an answer that is none of Discord's: all arrive, once, in order."""
    wait = status(429, Retry_After="0")
    garbage = Answer(body=b"<html>Please log in</html>")
    discord.http.plan(wait, status(500), status(500), None, RESET, RESET, None, garbage)
    with Script(POSTS, folder=tmp_path) as script:
        assert script.line() == str(["ops"] * 5)
    titles = [message["embeds"][0]["title"] for message in discord.messages]
    assert titles == [f"number {n}." for n in range(5)]


def test_faults_leave_an_ask_open(discord: Discord, tmp_path: Path) -> None:
    """The connection breaks, REST fails, and bob answers in the meantime: it is approved all the same."""
    code = 'import nbalert; print(nbalert.ask("Deploy?").sentence, flush=True)'
    with Script(code, folder=tmp_path) as script:
        question = discord.question()
        discord.push.refuses = 2
        discord.http.plan(status(500), RESET, status(429, Retry_After="0"))
        discord.do("close", 4009)
        discord.say(BOB, "approve", reply_to=question)
        assert script.line() == f"approved by Bob ({BOB})"


def test_a_handler_s_options_are_seen(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a handler overrides is in its post, and in none of the channel's others: as Kapacitor's do."""
    with Discord() as server:
        monkeypatch.setenv("HOOK", server.hook_url)
        look = {
            "username": "Kapacitor",
            "avatar_url": "https://example.org/k.png",
            "embed_title": "Hey, listen!",
        }
        settings = {
            "channels": {"team": {"kind": "discord-webhook", "url": "env:HOOK", "username": "AlertBot"}},
            "handlers": [{"id": "slow", "topic": "system", "channel": "team", "options": look}],
        }
        home.settings.parent.mkdir(parents=True, exist_ok=True)
        home.settings.write_text(tomlkit.dumps(settings), encoding="utf-8")
        nbalert.post("The disk is full", topic="system", level="CRITICAL").wait(60)
        nbalert.post("By name", channel="team").wait(60)
        finish()
        stop_courier(home)
        handled, named = server.messages
        assert (handled["author"]["username"], named["author"]["username"]) == ("Kapacitor", "AlertBot")
        assert handled["embeds"][0]["title"] == "Hey, listen!"
        assert server.faults == []
