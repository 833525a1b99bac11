"""From an answer that can be seen in a chat until whoever asked goes on."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager

from tests.benchmarks import adapter, homes
from tests.benchmarks.adapter import Adapter
from tests.benchmarks.chats import (
    GLANCE_S,
    Chat,
    DiscordChat,
    InboxChat,
    MailChat,
    MattermostChat,
    SlackChat,
    TelegramChat,
)
from tests.benchmarks.figures import Figure, Scale
from tests.benchmarks.idle import told_ms
from tests.chat_servers import discord_world
from tests.chat_servers.discord import BOB, Discord
from tests.chat_servers.discord_world import World
from tests.chat_servers.slack import Slack
from tests.person import Person

TITLE = "An answer"
PUSHED_MS = 3.0
ZENML_ROUNDS = 10
POLL_S = 1.0
"""ZenML's pause between two looks."""
LINK = """
from nbalert.process import client
print(client().request({"do": "link", "base": "", "person": "bob"}))
"""


def measure(scale: Scale) -> Iterator[Figure]:
    """In each chat that pushes, on the inbox, and what ZenML needs on Slack and Discord."""
    yield _in(SlackChat.open(), scale)
    yield _zenml_slack(scale)
    yield _in(DiscordChat.open(), scale)
    yield _zenml_discord(scale)
    yield _in(MattermostChat.open(), scale)
    yield _in(TelegramChat.open(), scale)
    yield _on_the_inbox(scale)
    yield from _by_mail(scale)


def _in(opened: AbstractContextManager[Chat], scale: Scale) -> Figure:
    with opened as chat, homes.made(chat.settings) as home:
        return _ours(chat, {**homes.env(home), **chat.env}, scale)


def _on_the_inbox(scale: Scale) -> Figure:
    with homes.made("") as home:
        env = homes.env(home)
        with Person(adapter.once([sys.executable, "-c", LINK], env).strip()) as bob:
            return _ours(InboxChat(bob), env, scale)


def _by_mail(scale: Scale) -> Iterator[Figure]:
    with MailChat.open() as chat:
        with homes.made(chat.settings) as home:
            yield _ours(chat, {**homes.env(home), **chat.env}, scale)
        note = "by mail it is a bare socket in IDLE: Dovecot gathers for half a second before it tells"
        yield _figure(MailChat.way, "floor", told_ms(chat.server, scale.times(MailChat.rounds)), note)


def _ours(chat: Chat, env: Mapping[str, str], scale: Scale) -> Figure:
    times = _asked(adapter.command("ask_nbalert"), chat.answer, scale.times(chat.rounds), env)
    return _figure(chat.way, "nbalert", times)


def _figure(way: str, who: str, milliseconds: tuple[float, ...], note: str = "") -> Figure:
    return Figure(
        TITLE,
        f"seen in the chat → whoever asked goes on: {way}",
        who,
        "ms",
        milliseconds,
        budget=PUSHED_MS if who == "nbalert" else None,
        note=note,
    )


def _asked(
    argv: list[str], answer: Callable[[str], float], rounds: int, env: Mapping[str, str] | None = None
) -> tuple[float, ...]:
    """Milliseconds of each, after one that is not counted."""
    times = []
    with Adapter(argv, env) as program:
        program.hear()
        for number in range(rounds + 1):
            program.tell(question := f"Deploy {number:03}?")
            seen_at = answer(question)
            went_on_at, is_approved = program.hear()
            if not is_approved:
                raise RuntimeError(f"{question} was not approved")
            times.append((went_on_at - seen_at) * 1000)
    return tuple(times[1:])


def _zenml_slack(scale: Scale) -> Figure:
    with Slack() as server:
        server.waits = False

        def answer(question: str) -> float:
            server.until(lambda: [said for said in server.top() if said["text"] == question])
            time.sleep(GLANCE_S + random.uniform(0, POLL_S))
            at = time.monotonic()
            server.say("UBOB", "approve")
            return at

        argv = adapter.command("ask_zenml_slack", server.base_url, peer="zenml")
        times = _asked(argv, answer, scale.times(ZENML_ROUNDS))
    return _figure(SlackChat.way, "zenml", times, "on Slack it looks once a second")


def _zenml_discord(scale: Scale) -> Figure:
    with Discord(kept=World(is_strict=False)) as server:

        def answer(question: str) -> float:
            server.until(lambda: [m for m in server.messages if m["content"] == question])
            time.sleep(GLANCE_S)
            at = time.monotonic()
            server.say(BOB, "approve")
            return at

        words = (server.values["base_url"], server.push.url, discord_world.TOKEN, discord_world.CHANNEL)
        times = _asked(
            adapter.command("ask_zenml_discord", *words, peer="zenml"), answer, scale.times(ZENML_ROUNDS)
        )
    return _figure(
        DiscordChat.way, "zenml", times, "it connects anew for each question, which is not counted"
    )
