"""SIGKILL at random moments to kernels, to the courier, to both: nothing is lost, doubled or run unapproved.

A failing run is repeated with the seed that it prints, as `CHAOS_SEED` in the environment.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.process import client, finish
from tests.chat_servers.webhook import Answer, Request, Webhook
from tests.colleague import Colleague
from tests.crashes import (
    PATIENCE_S,
    ROUNDS,
    SEED,
    SETTLE_S,
    check_alerts,
    check_asks,
    check_files,
    note_rounds,
    settle,
)
from tests.kernels import Kernel
from tests.nursery import CHANNEL, Nursery
from tests.person import Person
from tests.processes import couriers, served_by, settings_file, wait_until, webhook_table
from tests.reliability.conftest import Figure

pytestmark = pytest.mark.long

ALIVE = ("post", "post", "ask", "ask")
"""What is there in every round; who is killed has a successor."""
QUESTIONS = (("approve", True), ("approve", False), ("reject", True), ("reject", False), ("", False))
"""How real kernels' questions are answered, and whether that is before the kill."""
RESPITE = 10
"""Once in so many rounds nobody is killed until a question has ended, however slow the machine is."""


class Rounds:
    """A swarm of senders and askers, and one who kills.

    Args:
        home: Theirs.
        nursery: Where they come from.
        chance: When, and whom.
    """

    def __init__(self, home: Home, nursery: Nursery, chance: random.Random) -> None:
        self._home = home
        self._nursery = nursery
        self._chance = chance
        self.killed: Counter[str] = Counter()
        for what in ALIVE:
            self._begin(what)

    def wait_for_an_end(self) -> None:
        """Let one of those who ask come to the end of its question."""
        before = len(self._nursery.facts()["ended"])
        wait_until(lambda: len(self._nursery.facts()["ended"]) > before, SETTLE_S)

    def strike(self, target: str) -> None:
        """One round."""
        if target != "courier":
            self._kill_sender()
        if target != "kernel":
            self._kill_courier()
        if target == "kernel":
            time.sleep(self._chance.uniform(0, 0.2))

    def _begin(self, what: str) -> None:
        self._nursery.begin(what, PATIENCE_S)

    def _kill_sender(self) -> None:
        self._replace(self._chance.choice(list(self._nursery.alive)))
        self.killed["sender"] += 1

    def _replace(self, name: str) -> None:
        self._nursery.kill(name)
        self._begin(name.partition("-")[0])

    def _kill_courier(self) -> None:
        """One that serves, mostly; sometimes one that only begins to."""
        if self._chance.random() < 0.2:
            wait_until(self._couriers, SETTLE_S)
        else:
            wait_until(lambda: served_by(self._home), SETTLE_S)
            time.sleep(self._chance.uniform(0, 0.15))
        for pid in self._couriers():
            self._kill(pid)
        self.killed["courier"] += 1
        if self._chance.random() < 0.7:
            self._nursery.begin_courier()

    def _couriers(self) -> set[int]:
        """Also a sender that had to host one, because none was ready in time."""
        return {pid for pid in (*couriers(self._home), served_by(self._home)) if pid}

    def _kill(self, pid: int) -> None:
        for name in [name for name, other in self._nursery.alive.items() if other == pid]:
            self._replace(name)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def slow(chance: random.Random) -> Any:
    """A service that takes a moment: a courier is killed while it waits for the answer."""

    def answer(request: Request) -> Answer:
        return Answer(delay_s=chance.uniform(0, 0.004))

    return answer


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("target", ["kernel", "courier", "both"])
def test_rounds(detached: Home, tmp_path: Path, target: str, figure: Figure) -> None:
    """Every accepted alert arrives, once to a service with keys, in order; every ask ends as it should."""
    print(f"CHAOS_SEED={SEED}")
    chance = random.Random(f"{SEED} {target}")
    with Webhook(slow(random.Random(SEED))) as server:
        settings_file(detached.root, webhook_table(CHANNEL, server.url))
        with Nursery(tmp_path / "record") as nursery:
            with Colleague(detached.inbox, chance=random.Random(SEED)) as colleague:
                rounds = Rounds(detached, nursery, chance)
                for number in range(ROUNDS):
                    if number % RESPITE == 0:
                        rounds.wait_for_an_end()
                    rounds.strike(target)
                nursery.end()
            facts = nursery.facts()
        client().start()
        settle()
        titles = server.titles
    finish()
    stop_courier(detached)
    wait_until(lambda: not couriers(detached))
    print(dict(rounds.killed), {kind: len(lines) for kind, lines in facts.items()})
    check_alerts(facts["accepted"], titles)
    check_asks(detached, facts, colleague.said)
    check_files(detached, detached.inbox)
    note_rounds(figure, target, sum(rounds.killed.values()), titles, facts)


@pytest.mark.parametrize("target", ["courier", "kernel", "both"])
def test_kernels_that_ask(detached: Home, tmp_path: Path, target: str, figure: Figure) -> None:
    """Real kernels, killed or left without a courier, before or after the answer: bodies run once."""
    print(f"CHAOS_SEED={SEED}")
    chance, body = random.Random(f"{SEED} {target}"), tmp_path / "ran"
    body.touch()
    client().start()  # who is there when all others are killed
    with KernelRounds(detached, tmp_path, body) as rounds:
        for says, is_early in QUESTIONS:
            rounds.one(target, says, is_early, chance.uniform(0, 0.3))
    settle()
    ran = body.read_text().splitlines()
    assert len(ran) == len(set(ran))
    assert set(ran) <= {"approve True?", "approve False?"}
    if target == "courier":
        assert ran == ["approve True?", "approve False?"]
    finish()
    stop_courier(detached)
    wait_until(lambda: not couriers(detached))
    check_files(detached, detached.inbox)
    figure(f"kernels that ask, killed: {target}", f"{len(QUESTIONS)} questions, bodies run once: {len(ran)}")


class KernelRounds:
    """One kernel at a time, which asks before it writes into a file. Use as a context manager.

    Args:
        home: Its home.
        folder: Where it runs.
        body: The file.
    """

    def __init__(self, home: Home, folder: Path, body: Path) -> None:
        self._home = home
        self._folder = folder
        self._body = body
        self._kernel: Kernel | None = None

    def __enter__(self) -> KernelRounds:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._kernel:
            self._kernel.__exit__()

    def one(self, target: str, says: str, is_early: bool, pause_s: float) -> None:
        """A question, and what comes between: an answer before or after the kill, or none."""
        kernel = self._kernel or self._started()
        title = f"{says or 'nothing'} {is_early}?"
        request = kernel.send(
            f'%%ask "{title}" --timeout {60 if says else 3}\n'
            f'with open({str(self._body)!r}, "a") as body: body.write("{title}\\n")'
        )
        with Person(str(client().request({"do": "link", "base": "", "person": "bob"}, 30))) as bob:
            bob.message(title)
            if says and is_early:
                answer(bob, title, says)
            time.sleep(pause_s)  # a random moment
            self._kill(target, kernel)
            if says and not is_early:
                wait_until(lambda: answer(bob, title, says), SETTLE_S)
        if target == "courier":
            assert kernel.collect(request, SETTLE_S).status == ("ok" if says == "approve" else "error")

    def _started(self) -> Kernel:
        self._kernel = Kernel(sys.executable, self._folder)
        self._kernel.run("%load_ext nbalert")
        return self._kernel

    def _kill(self, target: str, kernel: Kernel) -> None:
        """The courier first: one that sees its kernel die has less to find out."""
        if target != "kernel":
            wait_until(lambda: served_by(self._home) in couriers(self._home), SETTLE_S)
            for pid in couriers(self._home):
                os.kill(pid, signal.SIGKILL)
        if target != "courier":
            kernel.kill()
            kernel.__exit__()
            self._kernel = None


def answer(bob: Person, title: str, says: str) -> bool:
    """Answer, where that is possible by now; true also if nobody waits for it any more."""
    try:
        view = bob.until(lambda view: view["message"]["title"] == title)
        return view["message"]["decision"] is not None or bob.reply(view["id"], says).is_success
    except (httpx.TransportError, AssertionError):  # no courier, or one that has just gone
        return False
