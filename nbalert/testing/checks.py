"""What a check of the contract suite is, and the words that checks are written in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from nbalert.channels.base import Channel, received
from nbalert.message import Message, Receipt
from nbalert.testing.rows import NotTried, Row
from nbalert.testing.server import Webhook

_Error = TypeVar("_Error", bound=Exception)

PATIENCE_S = 2.0
"""How long a channel waits for its service while it is checked."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that every channel has to keep.

    Args:
        name: In one or two words.
        claim: What is so, in a sentence.
        run: Raises AssertionError where it is not so, and NotTried where the row does not let it look.
    """

    name: str
    claim: str
    run: Callable[[Row], None]


def check_of(run: Callable[[Row], None], name: str = "") -> Check:
    """A function as a check: its docstring is the claim."""
    claim = " ".join((run.__doc__ or "").split())
    return Check(name or run.__name__.replace("_", " "), claim, run)


def holds(is_so: object, otherwise: str) -> None:
    """Claim something.

    Raises:
        AssertionError: It is not so.
    """
    if not is_so:
        raise AssertionError(otherwise)


def raised(kind: type[_Error], work: Callable[[], object], when: str) -> _Error:
    """The error that something has to raise."""
    try:
        work()
    except kind as error:
        return error
    raise AssertionError(f"{when}: no {kind.__name__} was raised")


def use(row: Row, work: Callable[[Channel], Awaitable[Any]]) -> Any:
    """Do something with the row's channel, as the courier does."""

    async def with_channel() -> Any:
        channel = row.built({**row.values(), "timeout_s": PATIENCE_S})
        try:
            return await work(channel)
        finally:
            await channel.aclose()

    return asyncio.run(with_channel())


def posted(row: Row, message: Message, key: str = "key") -> Receipt:
    """Post it; what comes back is a receipt, or that is an error."""

    async def work(channel: Channel) -> Receipt:
        return received(channel, await channel.post(message, key))

    receipt = use(row, work)
    assert isinstance(receipt, Receipt)
    return receipt


def troublemaker(row: Row) -> Webhook:
    """The server that misbehaves when told to."""
    server: Webhook | None = getattr(row, "server", None)
    if server is None:
        raise NotTried("the row has no server that can be told to misbehave")
    return server
