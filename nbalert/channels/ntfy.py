"""ntfy: push notifications to phones, with buttons; who answers is told by their private topics.

message ─▶ ntfy_message ─▶ ntfy_notice ─▶ ntfy ─▶ ntfy_streams ─▶ ntfy_answers ─▶ replies
                                        one stream an account
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from functools import cached_property
from typing import ClassVar

from nbalert.channels.base import Channel
from nbalert.channels.excerpts import Attachment
from nbalert.channels.http import Http
from nbalert.channels.ntfy_answers import PREFIX, answer_topic, places, reply_of
from nbalert.channels.ntfy_errors import fault
from nbalert.channels.ntfy_message import Rendered, asking, render, title_of
from nbalert.channels.ntfy_notice import Notice, sequence_of
from nbalert.channels.ntfy_publishing import File, Publishing
from nbalert.channels.ntfy_settings import NtfySettings
from nbalert.channels.ntfy_streams import STREAMS, Streams
from nbalert.errors import ChannelDenied
from nbalert.fields import ChannelSettings
from nbalert.message import Message, Receipt
from nbalert.policy import ANYONE, Reply
from nbalert.question import Outcome, Question


class NtfyChannel(Channel):
    """Publishes to a topic; a question to the private topic of each who may answer it."""

    kind: ClassVar[str] = "ntfy"
    Settings: ClassVar[type[ChannelSettings]] = NtfySettings
    can_edit: ClassVar[bool] = True
    edits_files: ClassVar[bool] = True
    can_reply: ClassVar[bool] = True
    settings: NtfySettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._base_url = f"{self.settings.base_url.rstrip('/')}/"
        self._topic = self.settings.topic.get_secret_value()
        self._topics = {who: topic.get_secret_value() for who, topic in self.settings.topics.items()}
        self._http = Http(name, settings, self._base_url, self._headers, fault)
        self._publishing = Publishing(name, self._http)

    @cached_property
    def _streams(self) -> Streams:
        return STREAMS.join(self._key, lambda: Streams(self.settings, self._base_url, self._headers))

    @property
    def note(self) -> str:
        """Why answers do not come."""
        return self._streams.trouble if "_streams" in self.__dict__ else ""

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver; another try takes the place of the first, where the server is ntfy 2.16 or newer."""
        sequence = sequence_of(key)
        if message.question and message.decision is None:
            at = await self._ask(message, message.question, sequence)
        else:
            at = await self._say(message.target or self._topic, message, sequence)
        return Receipt(channel=self.name, reference=f"{sequence}/{at}")

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Put a newer version in place; an older server shows it as a notification more."""
        sequence = receipt.reference.partition("/")[0]
        if message.question is None or message.decision is None:
            await self._say(message.target or self._topic, message, sequence)
            return
        told = dict(self._places(message, message.question))
        asker = message.question.policy.asker
        if (
            asker in self._topics and message.decision.outcome is not Outcome.CANCELLED
        ):  # the asker's own doing
            told[asker] = self._topics[asker]
        for topic in told.values():
            await self._say(topic, message, sequence)

    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """What is sent to the topics for its answers, by buttons or in words."""
        people = {
            answer_topic(topic, question.id): person
            for person, topic in places(self.name, question.policy, self._topic, self._topics).items()
        }
        listener, seen = self._streams.add(self.name, people), set[str]()
        try:
            while True:
                event = await listener.next()
                reply = reply_of(event, people[str(event["topic"])], receipt)
                if reply and reply.reference not in seen:
                    seen.add(reply.reference)
                    yield reply
        finally:
            self._streams.remove(listener)

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """On their private topic; where it is unknown who it was, on the topic that all have."""
        notice = Notice("Your answer does not count", title_of(text), tags=("x",))
        topic = self._topics.get(reply.person, self._topic)
        await self._publishing.publish(topic, notice, sequence_of(f"{reply.reference}-response"))

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """On the topics of those who are mentioned."""
        known = [self._topics[who] for who in message.mention if who in self._topics]
        for topic in known or [message.target or self._topic]:
            await self._say(topic, message, sequence_of(key))

    async def problems(self) -> list[str]:
        """Whether the account is one, and, where questions are asked, whether answers would arrive."""
        found = []
        try:
            await self._http.request("GET", "v1/account")
            if self.settings.approvers:
                found = [*await self._unreadable(), *await self._unwritable()]
        except ChannelDenied as error:
            found = [str(error)]
        return found

    async def aclose(self) -> None:
        """Close all connections; the stream with the last channel of its account."""
        await self._http.aclose()
        if "_streams" in self.__dict__:
            await STREAMS.leave(self._key)

    @property
    def _headers(self) -> dict[str, str]:
        if self.settings.token:
            return {"Authorization": f"Bearer {self.settings.token.get_secret_value()}"}
        if self.settings.password:
            pair = f"{self.settings.user}:{self.settings.password.get_secret_value()}"
            return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        return {}

    @property
    def _key(self) -> tuple[object, ...]:
        return self._base_url, self._headers.get("Authorization"), self.settings.tls, self.settings.network

    def _places(self, message: Message, question: Question) -> dict[str, str]:
        return places(self.name, question.policy, message.target or self._topic, self._topics)

    async def _ask(self, message: Message, question: Question, sequence: str) -> int:
        """Put it to each of them; when the first was told."""
        asked = self._places(message, question)
        if self._headers:
            await self._check_reading()
        first = 0
        for person, topic in asked.items():
            own = self._topic if person == ANYONE else topic
            answers = f"{self._base_url}{answer_topic(own, question.id)}"
            rendered = asking(message, question, answers, self.settings.markdown)
            at = await self._publishing.whole(topic, rendered.notice, _files(rendered), sequence)
            first = first or at
        return first

    async def _say(self, topic: str, message: Message, sequence: str) -> int:
        rendered = render(message, is_markdown=self.settings.markdown, has_files=bool(message.images))
        images = [File(image.name, image.data, image.mime) for image in message.images]
        return await self._publishing.all(topic, rendered.notice, [*images, *_files(rendered)], sequence)

    async def _check_reading(self) -> None:
        """No question whose answers nobody could read.

        Raises:
            ChannelDenied: The account may not.
        """
        if problem := await self._unreadable():
            raise ChannelDenied(f"{self.name}: {problem[0]}")

    async def _unreadable(self) -> list[str]:
        try:
            await self._http.request("GET", f"{_probe()}/json", params={"poll": "1"})
        except ChannelDenied:
            return [f"answers cannot be read; on the server: ntfy access USER '{PREFIX}*' read-only"]
        return []

    async def _unwritable(self) -> list[str]:
        """Phones send answers without an account: a token in a button could be read by all who see it."""
        phone = Http(self.name, self.settings, self._base_url, fault=fault)
        try:
            headers = {"Cache": "no", "Firebase": "no"}  # nobody listens, and nothing stays
            await phone.request("POST", _probe(), content=b"probe", headers=headers)
        except ChannelDenied:
            return [f"buttons cannot be pressed; on the server: ntfy access everyone '{PREFIX}*' write-only"]
        finally:
            await phone.aclose()
        return []


def _probe() -> str:
    return PREFIX + secrets.token_hex(16)


def _files(rendered: Rendered) -> list[File]:
    return [_file(one) for one in rendered.texts]


def _file(text: Attachment) -> File:
    return File(text.name, text.text.encode("utf-8", "replace"))
