"""Answers by REST: those given before anybody listened, and all of them where there is no gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from nbalert.channels.discord_answers import Answers, place
from nbalert.channels.http import Http
from nbalert.errors import ChannelBusy, ChannelError, ChannelUnreachable
from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.question import Question

FIRST_S, LONGEST_S = 3.0, 10.0
"""Between two looks; the rates that the service publishes are kept besides. A look takes two requests."""
TROUBLE_S = 60.0
PAGE, PAGES = 100, 3
"""Messages a request, and requests a look: later ones are read from where the last look ended."""


class Polling:
    """Looks for answers to one question.

    Args:
        http: Of the channel.
        answers: Of the question.
        question: As it is asked here.
        receipt: Of it.
    """

    def __init__(self, http: Http, answers: Answers, question: Question, receipt: Receipt) -> None:
        self._name, self._http, self._answers = receipt.channel, http, answers
        self._reactions = question.policy.reactions
        self._channel, self._message = place(receipt)
        self._after = {self._channel: self._message, self._message: "0"}

    async def look(self) -> list[Reply]:
        """All answers that there are, edits among them, oldest first.

        Raises:
            ChannelError: As `Http.request`.
        """
        one = await self._json(f"channels/{self._channel}/messages/{self._message}")
        if not isinstance(one, Mapping):
            raise ChannelUnreachable(f"{self._name}: Discord has not answered as Discord does")
        found = [await self._read(self._channel)]
        if one.get("thread"):
            found.append(await self._read(self._message))
        replies = [self._answers.of_message(message) for messages in found for message in messages]
        replies += [reply async for reply in self._reacted(one.get("reactions") or [])]
        return sorted((reply for reply in replies if reply), key=lambda reply: reply.at)

    async def answers(self) -> AsyncIterator[Reply]:
        """Look again and again.

        Raises:
            ChannelError: It would end the same way.
        """
        pause_s, seen = FIRST_S, set[str]()
        while True:
            try:
                for reply in await self.look():
                    if reply.reference not in seen:
                        seen.add(reply.reference)
                        yield reply
                wait_s = pause_s
            except ChannelError as error:
                if not error.retryable:
                    raise
                wished_s = error.retry_after_s if isinstance(error, ChannelBusy) else None
                wait_s = wished_s if wished_s is not None else min(4 * pause_s, TROUBLE_S)
            await asyncio.sleep(wait_s)
            pause_s = min(1.2 * pause_s, LONGEST_S)

    async def _read(self, channel: str) -> list[Mapping[str, Any]]:
        """Messages in a channel since the question, oldest first."""
        found: list[Mapping[str, Any]] = []
        after = self._after[channel]
        for page in range(PAGES):
            batch = await self._json(f"channels/{channel}/messages", after=after, limit=str(PAGE))
            found += reversed(batch)
            if len(batch) < PAGE:
                break
            after = batch[0]["id"]
            if page == PAGES - 1:  # a busy channel: what was read is not read again, nor seen when edited
                self._after[channel] = after
        return found

    async def _reacted(self, counted: list[Mapping[str, Any]]) -> AsyncIterator[Reply]:
        for one in counted:
            emoji = str(one["emoji"].get("name"))
            if emoji in self._reactions and one["count"] > (1 if one.get("me") else 0):
                place_ = f"channels/{self._channel}/messages/{self._message}/reactions/{quote(emoji)}"
                for user in await self._json(place_, limit=str(PAGE)):
                    if reply := self._answers.of_reaction(emoji, user):
                        yield reply

    async def _json(self, url: str, **query: str) -> Any:
        answer = await self._http.request("GET", url, params=query)
        try:
            return answer.json()
        except ValueError:
            raise ChannelUnreachable(f"{self._name}: Discord has not answered as Discord does") from None
