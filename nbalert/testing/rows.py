"""A channel's place in the contract suite: what its reader sees, and what its people can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.fields import ChannelSettings
from nbalert.message import Message, Receipt
from nbalert.testing.server import Webhook


class NotTried(Exception):
    """The row lacks what a check needs; the text says what."""


@dataclass(frozen=True)
class Seen:
    """One message as its reader sees it.

    Args:
        text: All of its text, markup undone: title, text, blocks, fields.
        files: Texts of the files that go along.
        images: How many figures.
        pinged: Who was notified.
        buttons: Labels of those that can be pressed.
    """

    text: str
    files: tuple[str, ...] = ()
    images: int = 0
    pinged: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()


class Row(ABC):
    """One kind of channel, its server, and the people there.

    A subclass names its `channel`, or the `kind` of one that a package brings, and says its `values`. Each
    method more lets the suite look at more: `seen`, `answer`, `vex`, `told`, `revoke`; and so does a `server`
    to which the channel talks. Where a value holds the word `secret`, no receipt and no error may.

    `ways` are the ways to answer: `button`, `reply`, `reaction`; none where nobody can. `vexations` are those
    of `stranger`, `edited`, `bot`, `elsewhere` and `talk` that can be given there: they must not count.
    `tells` says whether `respond` reaches people; where not, the service itself refuses what does not count.
    """

    channel: ClassVar[type[Channel] | None] = None
    """The class; None for that of a kind which a package brings."""
    kind: ClassVar[str] = ""
    has_keys: ClassVar[bool] = True
    """Whether a post that is tried again is one message in any case."""
    edits: ClassVar[bool] = True
    """Whether `update` changes a message in place."""
    takes_images: ClassVar[bool] = True
    has_wishes: ClassVar[bool] = True
    """Whether a service that is busy can say how long, and that comes with the error."""
    secret: ClassVar[str] = "token"
    """What people call that which lets them in."""
    burst: ClassVar[int] = 30
    """How many messages the service takes without a pause."""
    takes_anything: ClassVar[bool] = False
    """Whether any answer of 2xx is a receipt."""
    ways: ClassVar[tuple[str, ...]] = ()
    vexations: ClassVar[tuple[str, ...]] = ()
    tells: ClassVar[bool] = False
    lists: ClassVar[tuple[str, ...]] = ()
    """Ids of people that `members` brings, where the service says who is there; bots are not among them."""
    approver: ClassVar[str] = "bob"
    second: ClassVar[str] = "carol"

    folder: Path
    """Of the row's own, empty; where `open` is not another one."""
    server: Webhook
    """What the channel connects to, and what misbehaves when told to; may be left out."""

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """The row, with its server running; here: as it is."""
        row = cls()
        row.folder = folder
        yield row

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """The channel's settings, secrets as they are."""

    def listening(self) -> dict[str, Any]:
        """The settings where answers are wanted; mostly the same."""
        return self.values()

    def seen(self) -> list[Seen]:
        """What a reader sees, oldest first."""
        raise NotTried("the row has no seen()")

    def revoke(self) -> None:
        """The token is good no longer."""
        raise NotTried("the row has no revoke()")

    def answer(self, receipt: Receipt, person: str, text: str, way: str) -> None:
        """A person answers a question: `text` is what a button or a reaction stands for, or the reply."""
        raise NotTried("the row has no answer()")

    def vex(self, how: str, receipt: Receipt) -> None:
        """Somebody gives an answer that must not count, as yes as it can be."""
        raise NotTried("the row has no vex()")

    def told(self, person: str) -> list[str]:
        """What was said to that person about answers of theirs."""
        raise NotTried("the row has no told()")

    def check(self) -> None:  # noqa: B027 - optional on purpose
        """At the end of each test: the server has nothing to complain of."""

    @classmethod
    def channel_class(cls) -> type[Channel]:
        """The class that is tested."""
        return cls.channel or channels.channel_class(cls.kind)

    def built(self, values: Mapping[str, Any]) -> Channel:
        """A channel by the name `team`, with these settings."""
        return self.channel_class()("team", self.checked(values))

    def checked(self, values: Mapping[str, Any]) -> ChannelSettings:
        """The settings of these values."""
        made = self.channel_class()
        return made.Settings.model_validate({"kind": made.kind, **values})


def seen_of(message: Message) -> Seen:
    """A message that reached its reader as it is."""
    texts = [message.title, message.text, message.error, message.traceback, message.result, message.output]
    texts += [message.code, *(f"{name} {value}" for name, value in message.metadata.items())]
    if message.decision is not None:
        texts.append(message.decision.sentence)
    asks = message.question is not None and message.decision is None
    buttons = [b.label for b in message.question.policy.buttons] if message.question and asks else []
    return Seen("\n".join(texts), images=len(message.images), buttons=tuple(buttons))
