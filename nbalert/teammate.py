"""A scripted teammate: answers questions on an inbox as a person does, over its HTTP API, under its own name.

For demonstrations and tests. It signs in with a code like everybody, and answers by simple rules.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urldefrag

import httpx

from nbalert.question import Question

NAME = "scripted-teammate"
PAUSE_S = 0.05

Rule = tuple[str, str]
"""(what the question's text contains, the answer)."""


class Teammate:
    """Answers in a thread until it is closed. Use as a context manager.

    Args:
        link: A link with a single-use code, as people get.
        rules: The first that fits answers; a question that none fits is left to others.
        on_answer: Called with the question's text and the answer.
    """

    def __init__(
        self, link: str, rules: Sequence[Rule], on_answer: Callable[[str, str], None] = lambda *_: None
    ) -> None:
        url, fragment = urldefrag(link)
        self._code = fragment.removeprefix("code=")
        self._http = httpx.Client(base_url=url, headers={"Origin": url.rstrip("/")}, trust_env=False)
        self._rules = rules
        self._on_answer = on_answer
        self._answered: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nbalert-teammate", daemon=True)

    def __enter__(self) -> Teammate:
        self._http.post("api/session", json={"code": self._code}).raise_for_status()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(5)
        self._http.close()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_S):
            with contextlib.suppress(httpx.HTTPError):  # the inbox may be restarting
                for found in self._http.get("api/messages").raise_for_status().json()["messages"]:
                    self._look(found)

    def _look(self, found: dict[str, Any]) -> None:
        asked, decision = found["message"]["question"], found["message"]["decision"]
        if not asked or decision or asked["id"] in self._answered:
            return
        question = Question.from_json(asked)
        if answer := self._answer(question):
            path = f"api/messages/{found['id']}/replies"
            if self._http.post(path, json={"text": answer, "way": "reply"}).is_success:
                self._answered.add(question.id)
                self._on_answer(question.text, answer)

    def _answer(self, question: Question) -> str:
        return next((answer for part, answer in self._rules if part in question.text), "")
