"""Any service that takes HTTP: messages as JSON, signed with Standard Webhooks; answers, where it has them.

A message is one request, answered with 2xx once it is taken. `webhook-id` is the same for every try: what
comes again under it was taken already, and its answer lost.

    POST /alerts
    webhook-id: 5f0c…
    webhook-timestamp: 1764212400
    webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=

    {"type": "nbalert.question", "timestamp": "2026-11-27T03:00:00+00:00",
     "data": {"title": "Drop table users?", "question": {"id": "q1", "code": "db.drop()", …}, …}}

`type` is `nbalert.message`, or for what concerns a question (`data.question.id`): `nbalert.question`, then
`nbalert.decision` (with `data.decision`). `nbalert.reminder` says once more that a question waits.
`nbalert.notice` is for one person alone; its `data` are `message` (the `webhook-id` of the question),
`reply`, `person` and `text`. A `body` of the settings takes the place of that JSON.

Answers are fetched from `answers_url`, by one request at a time for all questions of a channel:

    GET /answers?after=17
    Prefer: wait=25
    webhook-id, webhook-timestamp, webhook-signature: of the query, `after=17`

The other side holds the request until it has an answer after the cursor `after`, for as long as `wait` says,
and then answers 200, or 204 if there is none. Without a cursor all answers are meant, except to questions
that have had their decision for ten minutes. Who cannot hold a request answers at once, and is asked every
5 s. An answer of 200 is signed with the same secret, under an id that was not used before, within 5 minutes:

    {"answers": [{"id": "18", "question": "q1", "person": "U1", "text": "approve",
                  "at": "2026-11-27T03:01:00Z"}], "cursor": "18"}

`person` is an id that never changes, as `approvers` has it; `text` what a reply says, or the word that a
button stands for. May be given: `name`, `way` (`button`, `reply` or `reaction`), `link`, `is_bot`,
`is_edited`. An answer that was edited is one more, with an id of its own.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any, ClassVar

from nbalert.channels.base import Channel
from nbalert.channels.http import Http, json_body
from nbalert.channels.signing import signed
from nbalert.channels.webhook_answers import Answers
from nbalert.channels.webhook_body import filled, whole
from nbalert.channels.webhook_settings import WebhookSettings
from nbalert.errors import CannotAsk, ChannelError, ChannelRefused
from nbalert.fields import ChannelSettings
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Question


class WebhookChannel(Channel):
    """Posts what happened. It asks where the settings have an `answers_url`."""

    kind: ClassVar[str] = "webhook"
    Settings: ClassVar[type[ChannelSettings]] = WebhookSettings
    can_reply: ClassVar[bool] = True
    settings: WebhookSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        scheme = self.settings.url.get_secret_value().partition("://")[0].lower()
        self._http = Http(name, settings, f"{scheme}://")  # http alone needs no certificates: 20 ms and 1 MiB
        self._answers = Answers(name, self.settings) if self.settings.answers_url else None

    @classmethod
    def why_no_answers(cls, settings: ChannelSettings) -> str:
        """It needs to know where they are."""
        assert isinstance(settings, WebhookSettings)
        return "" if settings.answers_url else "a webhook cannot bring answers without answers_url"

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver; any 2xx is a receipt, a redirect is refused."""
        if message.question and (why := self.why_no_answers(self.settings)):
            raise ChannelRefused(f"channel {self.name}: {why}; ask on another channel")
        await self._say(message, "question" if message.question else "message", key)
        return Receipt(channel=self.name, reference=key)

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Tell the decision; a receiver knows the question by its id."""
        kind = "decision" if message.decision is not None else "message"
        await self._say(message, kind, f"{receipt.reference}-update")

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """Say it once more."""
        await self._say(message, "reminder", key)

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """A notice for one person; a body of one's own has no place for whom it is."""
        if self.settings.body:
            return
        about = {"message": receipt.reference, "reply": reply.reference, "person": reply.person, "text": text}
        notice = {"type": "nbalert.notice", "timestamp": reply.at.isoformat(), "data": about}
        answer = sha256(reply.reference.encode("utf-8", "replace")).hexdigest()[
            :16
        ]  # an id of theirs may be no header
        await self._send(notice, f"{receipt.reference}-notice-{answer}")

    def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """Answers given already, then new ones: the request is held until there is one."""
        if self._answers is None:
            raise CannotAsk(f"channel {self.name}: {self.why_no_answers(self.settings)}")
        return self._answers.to(question)

    async def problems(self) -> list[str]:
        """Whether answers can be had; of the address for messages nothing can be known without one."""
        if self._answers is None:
            return []
        try:
            await self._answers.look()
        except ChannelError as error:
            if error.retryable:
                raise
            return [f"{error} (answers_url)"]
        return []

    async def aclose(self) -> None:
        """Close all connections."""
        if self._answers:
            await self._answers.aclose()
        await self._http.aclose()

    async def _say(self, message: Message, kind: str, key: str) -> None:
        body = self.settings.body
        await self._send(filled(body, message) if body else whole(message, kind), key)

    async def _send(self, value: Any, key: str) -> None:
        content = json_body(value)
        headers = {**self.settings.header_values, "Content-Type": "application/json"}
        headers |= signed(self.settings.keys, key, content, time.time())
        url = self.settings.url.get_secret_value()
        await self._http.request(self.settings.method, url, content=content, headers=headers)
