"""E-mail: alerts and questions by SMTP, answers by IMAP.

message ─▶ email_body ─▶ email_mail ─▶ email_smtp ─▶ a server ─▶ people ─▶ a mailbox ─▶ email_imap ─┐
                                                  replies ◀─ email_answers ◀─ email_mailbox ◀───────┘
A mail cannot be changed: what becomes of a question is a further mail in its thread.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from nbalert.channels.base import Channel, Extra
from nbalert.channels.email_answers import Bounce
from nbalert.channels.email_body import Body, Section, body_of
from nbalert.channels.email_checks import sending_problem, way_back_problems
from nbalert.channels.email_errors import TooLarge
from nbalert.channels.email_mail import Content, Envelope, mail_of
from nbalert.channels.email_settings import EmailSettings, is_address
from nbalert.channels.email_thread import Thread
from nbalert.channels.email_way_back import WayBack
from nbalert.channels.email_words import (
    distinct,
    message_id,
    one_line,
    reply_address,
    subject_of,
    token_of,
)
from nbalert.errors import CannotAsk, ChannelDenied, ChannelError, ChannelRefused
from nbalert.fields import ChannelSettings
from nbalert.message import Level, Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Question

if TYPE_CHECKING:
    from nbalert.channels.email_smtp import Outgoing


class EmailChannel(Channel):
    """Mail to some addresses, and the answers to it."""

    kind: ClassVar[str] = "email"
    Settings: ClassVar[type[ChannelSettings]] = EmailSettings
    can_reply: ClassVar[bool] = True
    extra: ClassVar[Extra | None] = Extra("email", ("aiosmtplib",), "sending mail needs")
    settings: EmailSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._outgoing: Outgoing | None = None
        self._way_back = WayBack(name, self.settings, self._bounced)
        self._unreached: dict[str, str] = {}

    @classmethod
    def why_no_answers(cls, settings: ChannelSettings) -> str:
        """It needs a mailbox to look into."""
        assert isinstance(settings, EmailSettings)
        return settings.no_way_back

    @property
    def note(self) -> str:
        """Who is not reached, and why answers are not heard."""
        unreached = "; ".join(f"{address} ({why})" for address, why in self._unreached.items())
        parts = (self._way_back.trouble, f"not reached: {unreached}" if unreached else "")
        return one_line("; ".join(part for part in parts if part), 500)

    async def post(self, message: Message, key: str) -> Receipt:
        """Send it. Whom the server refuses is said in the mail to the others, and in status."""
        is_open = message.question is not None and message.decision is None
        if is_open and self.settings.no_way_back:
            raise ChannelRefused(f"{self.name}: nobody can be asked: {self.settings.no_way_back}")
        if message.target and not is_address(message.target):
            raise ChannelRefused(f"{self.name}: target {one_line(message.target, 80)!r} is no e-mail address")
        token = token_of(message.question) if message.question else ""
        to = (message.target,) if message.target else self.settings.to
        thread = Thread(message_id(key, self.settings), to, token)
        return await self._send(message, thread)

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Tell in the thread how it ended, and the asker, who need not have had the question."""
        asker = message.question.policy.asker if message.question else ""
        short = replace(message, images=(), output="", whole_traceback="")
        await self._follow(receipt, short, f"{receipt.reference}-update", asker)

    async def renew(self, receipt: Receipt, message: Message, key: str) -> Receipt:
        """A newer version of an alert, in its thread."""
        return await self._follow(receipt, message, key)

    async def replies(self, question: Question, receipt: Receipt) -> AsyncGenerator[Reply, None]:
        """Answers by mail, as they arrive."""
        if self.settings.no_way_back:
            raise CannotAsk(f"channel {self.name}: {self.settings.no_way_back}")
        async with aclosing(self._way_back.replies(question, receipt)) as replies:
            async for reply in replies:
                yield reply

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """To that person alone. One who may be somebody else is written to only where we know the address."""
        thread = Thread.of(receipt)
        known = {one.lower() for one in (*thread.people, *self.settings.approvers)}
        if not is_address(reply.person) or (reply.doubt and reply.person.lower() not in known):
            return
        body = Body(one_line(text, 500), (Section("", f"You wrote: {one_line(reply.text, 200)}"),), (), True)
        envelope = Envelope(
            message_id(f"{reply.reference}-{text}", self.settings),
            subject=f"Your answer has no effect [{thread.token}]",
            to=(reply.person,),
            at=reply.at,
            follows=thread.id,
            reply_to=reply_address(thread.token, self.settings),
            is_answer=True,
        )
        await self._deliver(Content(body, Level.WARNING), envelope, is_own_place=True)

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """In the question's thread."""
        await self._follow(receipt, message, key)

    async def problems(self) -> list[str]:
        """Both servers, both logins, and whether the one for answers checks senders."""
        try:
            await self._way_out().check()
        except ChannelError as error:
            return sending_problem(error)
        return await way_back_problems(self.name, self.settings)

    async def aclose(self) -> None:
        """Close the connection for sending; that for answers goes with the last question."""
        if self._outgoing:
            await self._outgoing.aclose()

    async def _follow(self, receipt: Receipt, message: Message, key: str, *more: str) -> Receipt:
        """A further mail in a thread, to those who have its first, and to some more."""
        first = Thread.of(receipt)
        to = (*first.people, *(one for one in more if is_address(one)))
        thread = Thread(message_id(key, self.settings), to, first.token)
        return await self._send(message, thread, follows=first.id)

    async def _send(self, message: Message, thread: Thread, follows: str = "") -> Receipt:
        body = body_of(message)
        mentioned = [one for one in message.mention if is_address(one)]
        mark = f" [{thread.token}]" if thread.token else ""
        envelope = Envelope(
            thread.id,
            subject=f"{'Re: ' if follows else ''}{subject_of(message, self.settings)}{mark}",
            to=distinct((*thread.people, *mentioned)),
            at=message.created_at,
            follows=follows,
            reply_to=reply_address(thread.token, self.settings),
        )
        html = "" if message.question else str(message.native.get("email", {}).get("html") or "")
        content = Content(body, message.level, message.images, html)
        reached = await self._deliver(content, envelope, is_own_place=bool(message.target))
        return Receipt(channel=self.name, reference=replace(thread, people=reached).reference)

    async def _deliver(self, content: Content, envelope: Envelope, *, is_own_place: bool) -> tuple[str, ...]:
        """Whom it has reached; without its files where it is too large with them."""
        try:
            return await self._hand_over(content, envelope, is_own_place)
        except TooLarge as error:
            if not content.has_files:
                raise
            if not content.body.has_whole_code:
                raise ChannelRefused(f"{error}: the code cannot be shown whole") from None
            why = str(error).removeprefix(f"{self.name}: ")
            return await self._hand_over(content.without_files(why), envelope, is_own_place)

    async def _hand_over(self, content: Content, envelope: Envelope, is_own_place: bool) -> tuple[str, ...]:
        whole = mail_of(content, envelope, self.settings)

        def mail(refused: Mapping[str, str]) -> bytes:
            if not refused:
                return whole
            names = "; ".join(f"{address} ({why})" for address, why in refused.items())
            return mail_of(content.noting(f"Not sent to: {names}"), envelope, self.settings)

        refused = await self._way_out().send(envelope.to, mail, is_own_place=is_own_place)
        reached = tuple(address for address in envelope.to if address not in refused)
        self._unreached = {**{a: w for a, w in self._unreached.items() if a not in reached}, **refused}
        return reached

    def _bounced(self, receipt: Receipt, bounce: Bounce) -> None:
        """A server could not deliver the question. If it reached nobody, nobody needs to wait."""
        for address in bounce.people:
            self._unreached[address] = bounce.why or "the mail came back"
        gone = {address.lower() for address in bounce.people} | {a.lower() for a in self._unreached}
        if {address.lower() for address in Thread.of(receipt).people} <= gone:
            raise ChannelRefused(f"{self.name}: the question has reached nobody: {self.note}")

    def _way_out(self) -> Outgoing:
        if self._outgoing is None:
            if find_spec("aiosmtplib") is None:
                raise ChannelDenied(f"{self.name}: sending mail needs an extra: pip install 'nbalert[email]'")
            from nbalert.channels.email_smtp import Outgoing

            self._outgoing = Outgoing(self.name, self.settings)
        return self._outgoing
