"""Answers to a webhook's questions, fetched from its `answers_url`. The protocol is in `webhook`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
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
_WAYS = ("button", "reply", "reaction")


class Answers:
    """Fetches the answers to one channel's questions.

    Args:
        channel: Name in the settings.
    """

    def __init__(self, channel: str, settings: WebhookSettings) -> None:
        self._channel = channel
        self._settings = settings
        self._http = Http(channel, settings)  # of its own: held requests must not take a post's connection
        self._verifier = Verifier(settings.keys)

    async def to(self, question: Question) -> AsyncIterator[Reply]:
        """Answers given already, then new ones as they come."""
        cursor = ""
        while True:
            began = time.monotonic()
            replies, following = await self._fetch(question.id, cursor, HOLD_S)
            for reply in replies:
                yield reply
            cursor = following
            pause_s = GAP_S if replies else PAUSE_S
            await asyncio.sleep(began + pause_s - time.monotonic())

    async def look(self) -> None:
        """Ask once for nothing: whether the other side is there, and signs.

        Raises:
            ChannelError: It is not, or does not.
        """
        await self._fetch("none", "", 0)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _fetch(self, question: str, cursor: str, hold_s: int) -> tuple[list[Reply], str]:
        """Answers after a cursor, and the next cursor."""
        query = urlencode({"question": question, **({"after": cursor} if cursor else {})})
        url = httpx.URL(self._url).copy_merge_params(dict(httpx.QueryParams(query)))
        headers = {"Prefer": f"wait={hold_s}", "Accept": "application/json"}
        headers |= self._settings.header_values
        headers |= signed(self._settings.keys, f"get_{uuid4().hex}", url.query, time.time())
        patience = httpx.Timeout(self._settings.timeout_s, read=hold_s + self._settings.timeout_s)
        response = await self._http.request("GET", str(url), headers=headers, timeout=patience)
        if response.status_code == httpx.codes.NO_CONTENT:
            return [], cursor
        return self._read(response, question, cursor)

    @property
    def _url(self) -> str:
        return self._settings.answers_url.get_secret_value() if self._settings.answers_url else ""

    def _read(self, response: httpx.Response, question: str, cursor: str) -> tuple[list[Reply], str]:
        try:
            self._verifier.check(response.headers, response.content, time.time())
            body = json.loads(response.content)
            replies = [_reply(answer) for answer in body["answers"] if answer["question"] == question]
            return replies, str(body.get("cursor", cursor))
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
