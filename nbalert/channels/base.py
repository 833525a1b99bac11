"""The channel interface: what a chat service has to do, and what a custom channel implements."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

from nbalert.errors import CannotAsk, ChannelError, ChannelRefused
from nbalert.fields import ChannelSettings
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Question

EDIT_CHARS = 1500
"""What any service that can edit shows of a message after that, without cutting it or splitting it up."""


class Extra(NamedTuple):
    """Packages that a kind can use, and can do without.

    Args:
        name: Of the extra: `pip install 'nbalert[NAME]'`.
        modules: What it brings.
        purpose: What needs them, as the start of a sentence: `buttons need`.
    """

    name: str
    modules: tuple[str, ...]
    purpose: str


class Member(NamedTuple):
    """Somebody who is where a channel leads.

    Args:
        id: Of the kind that `approvers` has.
        name: What people call them.
    """

    id: str
    name: str


class Channel(ABC):
    """One configured way to a chat. Built, used and closed on one event loop: the courier's, or for a class
    that `nbalert.register` was given, a loop of its own in the process that has registered it.

    A subclass sets `kind` and `Settings` and implements `post`; where people can answer, it sets
    `can_reply` and implements `replies`. Nothing defaults to success.
    """

    kind: ClassVar[str]
    """What `kind = …` in `nbalert.toml` and `nbalert channels add NAME KIND` call it."""
    Settings: ClassVar[type[ChannelSettings]]
    """Its settings: the fields are keys of the file, the form, and help."""
    can_reply: ClassVar[bool] = False
    """Whether people can answer there; then `replies` is implemented."""
    can_edit: ClassVar[bool] = False
    """Whether `update` changes an alert in place, as often as one likes."""
    edits_files: ClassVar[bool] = False
    """Whether it brings figures, files and long texts, as `post` does."""
    extra: ClassVar[Extra | None] = None
    """Packages that the kind can use and do without; said where one is missing."""

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        self.name = name
        self.settings = settings

    @classmethod
    def why_no_answers(cls, settings: ChannelSettings) -> str:
        """Why a channel with these settings cannot bring answers; empty if it can.

        For kinds that need more settings to listen than to post; a question is refused with it at once. Not
        called where `can_reply` is False.
        """
        return ""

    @property
    def note(self) -> str:
        """What a reader of status should know of it now, in one line: why answers are slow; mostly empty."""
        return ""

    @abstractmethod
    async def post(self, message: Message, key: str) -> Receipt:
        """Say something, and return once the service has it.

        Args:
            message: Where `message.question` is set, show it with its code and its ways to answer:
                `question.policy` has the buttons, the reactions and the hint for replies. Code that cannot be
                shown whole, in the text or as a file, is refused.
            key: The same for every try of the same delivery: the service's idempotency key, where it has one.

        Raises:
            ChannelError: `retryable` says whether another try is worth it.
        """

    def edits_whole(self, message: Message) -> bool:
        """Whether `update` can bring all of an alert."""
        return self.can_edit and (self.edits_files or not _is_large(message))

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Put a newer version in place of a posted message; here: post a follow-up.

        Of an alert it comes only where `can_edit` says so, any number of times, each with another content.

        Args:
            receipt: What `post` returned.
            message: Where `message.decision` is set, show it and take the ways to answer away; tell the asker
                (`question.policy.asker`), where the service can notify one person.

        Raises:
            ChannelError: As `post`.
        """
        await self.post(replace(message, question=None, code=""), f"{receipt.reference}-update")

    async def renew(self, receipt: Receipt, message: Message, key: str) -> Receipt:
        """Put a newer version in place, or where that cannot be, post it.

        So it is on a channel that cannot edit, of a message that is not there any more, and of one with more
        than an edit can bring: then what stands is made to say the most important, and the whole follows.

        Args:
            key: As for `post`.

        Returns:
            Where it stands now.

        Raises:
            ChannelError: As `post`.
        """
        is_whole = self.edits_whole(message)
        if self.can_edit:
            with suppress(ChannelRefused):
                await self.update(receipt, message if is_whole else _announced(message))
                if is_whole:
                    return receipt
        return received(self, await self.post(message, key))

    def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """Answers to a question: first those given already, oldest first, then new ones as they come.

        It brings every answer to this very message, also of people who may not decide: the policy judges, not
        the channel. An answer that was edited is brought as one of its own, with `is_edited` and another
        reference. Reactions other than those of `policy.reactions` are no answers. It goes on for a while
        after the question has ended, so that who is late can be told. It ends only by being closed, or by
        raising a ChannelError.
        """
        raise CannotAsk(f"channel {self.name}: {self.kind} cannot bring answers")

    async def respond(  # noqa: B027 - optional on purpose
        self, receipt: Receipt, reply: Reply, text: str
    ) -> None:
        """Tell whoever has given an answer, and nobody else where the service can, why it does not count.

        Here: nothing, for services that have told it already, or have no way to.

        Args:
            receipt: Of the question.
            reply: As `replies` has brought it.
            text: One sentence.

        Raises:
            ChannelError: As `post`; it is not tried again.
        """

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """Say once more that a question waits, to those who can answer; here: post a follow-up.

        Args:
            receipt: Of the question.
            message: The reminder: `title` says how long is left, `mention` names the approvers.
            key: As for `post`.

        Raises:
            ChannelError: As `post`.
        """
        await self.post(message, key)

    async def problems(self) -> list[str]:
        """What keeps it from posting or from bringing answers, a line each, with what to do about it.

        Asks the service about token, rights and place without posting anything. Here: nothing is known.

        Raises:
            ChannelError: The service cannot be asked.
        """
        return []

    async def members(self) -> list[Member]:
        """People who could be approvers, without the bot and other bots, so that they can be chosen from.

        Here, and where a service lists nobody: none.

        Raises:
            ChannelError: The service refuses to say, or cannot be asked.
        """
        return []

    async def aclose(self) -> None:  # noqa: B027 - optional on purpose
        """Close connections. Called once, when nothing else of the channel runs."""


def _is_large(message: Message) -> bool:
    """Whether there is more to it than an edit shows on any service."""
    texts = (message.title, message.text, message.code, message.result, message.error, message.traceback)
    has_files = bool(message.images or message.whole_traceback)
    return has_files or sum(map(len, (*texts, message.output))) > EDIT_CHARS


def _announced(message: Message) -> Message:
    """The most important of a message, where the whole follows."""
    left_out: dict[str, Any] = dict.fromkeys(("code", "result", "traceback", "whole_traceback", "output"), "")
    return replace(message, **left_out, images=(), text="The whole of it is in a message that follows.")


def received(channel: Channel, returned: object) -> Receipt:
    """What a channel's `post` has returned, if that can be kept.

    Raises:
        ChannelError: It is no receipt. Another try could be a second message.
    """
    try:
        if isinstance(returned, Receipt):
            json.dumps(returned.to_json())
            return returned
    except (TypeError, ValueError, AttributeError):
        pass  # its fields are not what they should be
    raise ChannelError(f"{channel.name}: post() returned no Receipt: it cannot be known whether it was sent")
