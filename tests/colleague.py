"""Somebody who answers whatever is asked at an inbox, also while its server comes and goes."""

from __future__ import annotations

import contextlib
import random
import threading
from contextlib import closing
from pathlib import Path

import httpx

from nbalert.inbox import People, login_link
from tests.person import Person, View

PAUSE_S = 0.05


class Colleague:
    """Bob, on a thread. Use as a context manager.

    Args:
        database: The inbox's file.
        chance: Decides whether he says yes, no, or nothing.
    """

    def __init__(self, database: Path, chance: random.Random) -> None:
        self._database = database
        self._chance = chance
        self._considered: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="colleague")
        self.said: dict[str, str] = {}

    def __enter__(self) -> Colleague:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(PAUSE_S):
            with contextlib.suppress(
                httpx.HTTPError, OSError
            ):  # no courier, or it serves the inbox elsewhere
                self._look()

    def _look(self) -> None:
        url = self._url()
        with Person(self._link()) as bob:
            while not self._ended.wait(PAUSE_S) and self._url() == url:
                with contextlib.suppress(httpx.TransportError):  # the courier was killed; another one comes
                    for view in bob.open():
                        self._answer(bob, view)

    def _url(self) -> str:
        """Where the inbox was served last. No courier is asked, so none is started."""
        if not self._database.exists():
            raise FileNotFoundError
        with closing(People(self._database)) as people:
            return people.last_url

    def _link(self) -> str:
        """As `nbalert inbox invite` makes it."""
        with closing(People(self._database)) as people:
            return login_link(people.last_url, people.invite("bob"))

    def _answer(self, bob: Person, view: View) -> None:
        question = view["message"]["question"]["id"]
        if question not in self._considered:
            self._considered[question] = self._chance.choices(["approve", "reject", ""], [6, 3, 1])[0]
        if (text := self._considered[question]) and question not in self.said:
            bob.reply(view["id"], text).raise_for_status()
            self.said[question] = text
