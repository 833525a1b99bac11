"""Answers to a webhook's questions, fetched from its `answers_url`. The protocol is in `webhook`."""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from nbalert.channels.http import Http
from nbalert.channels.signing import NotSigned, Verifier, signed
from nbalert.channels.webhook_settings import WebhookSettings
from nbalert.errors import ChannelRefused
from nbalert.policy import Reply
from nbalert.question import Question

HOLD_S = 25
"""How long the other side may hold a request until there is an answer; proxies cut at 30 s and more."""
PAUSE_S = 5.0
"""How often one is asked that holds none."""
GAP_S = 0.2
"""The least time between two requests, whatever the other side answers."""
KEPT = 1000
"""Of how many questions answers are kept for whoever joins later."""
_WAYS = ("button", "reply", "reaction")

_Share = asyncio.Queue[Reply | Exception]
_Answer = tuple[str, Reply]
"""The question's id, and what was said to it."""


class Answers:
    """Fetches the answers to all questions of one channel, by one request, while anybody waits for some.

    Args:
        channel: Name in the settings.
    """

    def __init__(self, channel: str, settings: WebhookSettings) -> None:
        self._channel = channel
        self._settings = settings
        self._http = Http(channel, settings)  # of its own: a held request must not take a post's connection
        self._verifier = Verifier(settings.keys)
        self._known: OrderedDict[str, list[Reply]] = OrderedDict()
        self._shares: dict[str, set[_Share]] = {}
        self._task: asyncio.Task[None] | None = None

    async def to(self, question: Question) -> AsyncIterator[Reply]:
        """Answers given already, then new ones as they come."""
        share = self._join(question.id)
        try:
            while True:
                arrived = await share.get()
                if isinstance(arrived, Exception):
                    raise arrived
                yield arrived
        finally:
            await self._leave(question.id, share)

    async def look(self) -> None:
        """Ask once for nothing: whether the other side is there, and signs.

        Raises:
            ChannelError: It is not, or does not.
        """
        await self._fetch("", 0)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._stop()
        await self._http.aclose()

    def _join(self, question: str) -> _Share:
        """Hear of one question: first what has come already since the request began."""
        if self._task is None or self._task.done():
            self._known.clear()
            self._task = asyncio.create_task(self._run(), name="webhook answers")
        share: _Share = asyncio.Queue()
        for reply in self._known.get(question, ()):
            share.put_nowait(reply)
        self._shares.setdefault(question, set()).add(share)
        return share

    async def _leave(self, question: str, share: _Share) -> None:
        self._shares[question].discard(share)
        if not self._shares[question]:
            del self._shares[question]
        if not self._shares:
            await self._stop()

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        """From the beginning on; what goes wrong all hear who wait, and each of them tries again."""
        try:
            cursor = ""
            while True:
                began = time.monotonic()
                answers, cursor = await self._fetch(cursor, HOLD_S)
                for question, reply in answers:
                    self._take(question, reply)
                pause_s = GAP_S if answers else PAUSE_S
                await asyncio.sleep(began + pause_s - time.monotonic())
        except Exception as error:
            for share in [one for some in self._shares.values() for one in some]:
                share.put_nowait(error)

    def _take(self, question: str, reply: Reply) -> None:
        """Keep it for whoever joins later: a question may be answered before anybody listens."""
        self._known.setdefault(question, []).append(reply)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        for share in self._shares.get(question, ()):
            share.put_nowait(reply)

    async def _fetch(self, cursor: str, hold_s: int) -> tuple[list[_Answer], str]:
        """Answers after a cursor, and the next cursor."""
        url = httpx.URL(self._url)
        url = url.copy_merge_params({"after": cursor}) if cursor else url
        headers = {"Prefer": f"wait={hold_s}", "Accept": "application/json"}
        headers |= self._settings.header_values
        headers |= signed(self._settings.keys, f"get_{uuid4().hex}", url.query, time.time())
        patience = httpx.Timeout(self._settings.timeout_s, read=hold_s + self._settings.timeout_s)
        response = await self._http.request("GET", str(url), headers=headers, timeout=patience)
        if response.status_code == httpx.codes.NO_CONTENT:
            return [], cursor
        return self._read(response, cursor)

    @property
    def _url(self) -> str:
        return self._settings.answers_url.get_secret_value() if self._settings.answers_url else ""

    def _read(self, response: httpx.Response, cursor: str) -> tuple[list[_Answer], str]:
        try:
            self._verifier.check(response.headers, response.content, time.time())
            body = json.loads(response.content)
            answers = [(_text(answer["question"]), _reply(answer)) for answer in body["answers"]]
            return answers, str(body.get("cursor", cursor))
        except NotSigned as why:
            raise ChannelRefused(f"{self._channel}: what answers_url says does not count: {why}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ChannelRefused(f"{self._channel}: what answers_url says are no answers") from None


def _reply(answer: dict[str, Any]) -> Reply:
    at = datetime.fromisoformat(answer["at"])
    if at.tzinfo is None or answer.get("way", "reply") not in _WAYS:
        raise ValueError
    return Reply(
        reference=_text(answer["id"]),
        person=_text(answer["person"]),
        text=_text(answer["text"]),
        at=at,
        name=str(answer.get("name", "")),
        way=answer.get("way", "reply"),
        is_bot=answer.get("is_bot", False) is not False,
        is_edited=answer.get("is_edited", False) is not False,
        link=str(answer.get("link", "")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
