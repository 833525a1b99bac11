"""A person at an inbox: signed in by a link, looking and answering over HTTP as the page does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urldefrag

import httpx

from tests.inboxes import events

View = dict[str, Any]
"""A message as the page gets it."""


class Person:
    """Somebody with a link. Use as a context manager."""

    def __init__(self, link: str) -> None:
        url, fragment = urldefrag(link)
        self._http = httpx.Client(base_url=url, headers={"Origin": url.rstrip("/")}, trust_env=False)
        code = {"code": fragment.removeprefix("code=")}
        answer = self._http.post("api/session", json=code)
        if answer.is_error:
            self._http.close()
        self.name = answer.raise_for_status().json()["name"]

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    def until(self, matches: Callable[[View], bool], timeout_s: float = 20) -> View:
        """The first message that matches, now or once it comes or changes."""
        deadline = time.monotonic() + timeout_s
        with events(self._http, "api/events?after=0") as happened:
            for _, name, view in happened:
                if name == "message" and matches(view):
                    return dict(view)
                if time.monotonic() > deadline:
                    break
        raise AssertionError(f"no such message; there are {self.titles}")

    def message(self, title: str) -> View:
        """The message of that title, once it is there."""
        return dict(self.until(lambda view: view["message"]["title"] == title)["message"])

    def decision(self, title: str) -> View:
        """How the question of that title ended, once the inbox says so."""

        def has_ended(view: View) -> bool:
            return view["message"]["title"] == title and view["message"]["decision"] is not None

        return dict(self.until(has_ended)["message"]["decision"])

    def answer(self, title: str, text: str) -> httpx.Response:
        """Answer the question of that title, once it is there."""

        def is_open(view: View) -> bool:
            message = view["message"]
            return message["title"] == title and message["question"] and message["decision"] is None

        return self.reply(self.until(is_open)["id"], text)

    def reply(self, id_: str, text: str) -> httpx.Response:
        """Answer a message of the inbox."""
        return self._http.post(f"api/messages/{id_}/replies", json={"text": text, "way": "reply"})

    def open(self) -> list[View]:
        """The questions that wait for an answer, oldest first."""
        answer = self._http.get("api/messages?limit=1").raise_for_status()
        return list(answer.json()["waiting"])

    @property
    def titles(self) -> list[str]:
        """Titles of the newest messages, oldest first."""
        found = self._http.get("api/messages?limit=100").raise_for_status().json()["messages"]
        return [view["message"]["title"] for view in found]
