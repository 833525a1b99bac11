"""A question in a terminal: a line when it is put, one an answer, one when it has ended."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime

from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.question import Decision
from nbalert.standing import heard, missing
from nbalert.widgets.drawing import blotted, said, short_sha
from nbalert.widgets.view import Asked


class Lines:
    """The view of one question, on standard error."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._replies: list[Reply] = []
        self._guard = threading.Lock()
        self._ended = False

    def show(self) -> None:
        """Say what is asked, until when, and about which code; then whatever is heard."""
        question = self._asked.question
        until = f"until {question.expires_at.astimezone():%Y-%m-%d %H:%M:%S}" if question.expires_at else ""
        facts = (missing(question, (), datetime.now(UTC)), until, short_sha(question), blotted(question))
        self._say(f"asked on {self._asked.channel}: {question.text} ({', '.join(filter(None, facts))})")
        self._asked.pending.listen(self._hear)

    def close(self, decision: Decision) -> None:
        """Say how it has ended."""
        with self._guard:
            self._ended = True
        self._say(decision.sentence)

    def _hear(self, one: Receipt | Reply) -> None:
        with self._guard:
            if self._ended:
                return
            if isinstance(one, Receipt):
                if one.link:
                    self._say(f"it stands at {one.link}")
                return
            self._replies.append(one)
            question, replies = self._asked.question, list(self._replies)
            lacks = missing(question, replies, datetime.now(UTC))
            self._say(f"{said(heard(question, replies)[-1])}; {lacks}")

    def _say(self, text: str) -> None:
        print(f"nbalert: {text}", file=sys.stderr, flush=True)
