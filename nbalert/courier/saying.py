"""What one try of a delivery does with its channel: say something, or put something newer in its place."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import replace

from nbalert.channels.base import Channel, received
from nbalert.courier.contents import Contents
from nbalert.courier.counts import FOLD, FOLD_GLOBAL
from nbalert.errors import ChannelError
from nbalert.message import Message, Receipt

log = logging.getLogger(__name__)


class Saying:
    """Works rows of `delivery`, as its workers bring them."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._does = {"post": self._post, "update": self._update, "remind": self._remind}

    async def say(self, channel: Channel, row: sqlite3.Row) -> Receipt | None:
        """Do what a row says; where it stands now, None where nothing had to be said.

        Raises:
            ChannelError: It was not said.
        """
        return await self._does[row["kind"]](channel, row)

    async def _post(self, channel: Channel, row: sqlite3.Row) -> Receipt | None:
        # A question that ended while it waited is shown as ended: nobody is to answer it any more.
        message = await self._contents.to_post(row)
        if row["is_over"] and not row["attempts"]:
            return None  # the progress of what has ended; after a try something of it may stand in the chat
        if standing := self._contents.continued(row):
            return await _ended(channel, standing, message, row["message"])
        message, count = self._contents.counts.counted(row["message"], channel.name, message)
        receipt = received(channel, await channel.post(message, row["message"]))
        self._contents.counts.note_told(row["message"], channel.name, count)
        return receipt

    async def _update(self, channel: Channel, row: sqlite3.Row) -> Receipt | None:
        """Show what is newer where the message stands; nothing to do where it never arrived."""
        receipt, message = self._contents.receipt(row), self._contents.message(row)
        if row["about"] in (FOLD, FOLD_GLOBAL):
            return await self._recounted(channel, receipt, message, row["message"])
        if row["is_over"] is not None:
            return await _progressed(channel, receipt, message, row)
        if receipt:
            await channel.update(receipt, message)
        return receipt

    async def _recounted(
        self, channel: Channel, receipt: Receipt | None, message: Message, id_: str
    ) -> Receipt | None:
        """Show how many alike there are; where it cannot be edited the next message says so."""
        counts = self._contents.counts
        message, count = counts.counted(id_, channel.name, message)
        if receipt and channel.edits_whole(message) and not counts.is_told(id_, channel.name, count):
            await channel.update(receipt, message)
            counts.note_told(id_, channel.name, count)
        return receipt

    async def _remind(self, channel: Channel, row: sqlite3.Row) -> Receipt | None:
        """Say one thing more in the question's thread, if it still is to be said."""
        receipt, said = self._contents.receipt(row), self._contents.reminder(row)
        if receipt is None or said is None:
            return None
        await channel.remind(receipt, said, f"{row['message']}-{row['kind']}-{row['about']}")
        return receipt


async def _progressed(
    channel: Channel, receipt: Receipt | None, message: Message, row: sqlite3.Row
) -> Receipt | None:
    """Show how far it is, or its end; what nobody has heard of does not end either."""
    key = f"{row['message']}-{message.created_at.timestamp():.6f}"
    if receipt:
        return await channel.renew(receipt, message, key)
    return None if row["is_over"] else received(channel, await channel.post(message, key))


async def _ended(channel: Channel, standing: Receipt, message: Message, key: str) -> Receipt:
    """Make of the progress the message of the end. An edit notifies nobody: who is mentioned hears extra."""
    receipt = await channel.renew(standing, message, key)
    if message.mention and receipt == standing:
        said = Message(
            title=message.title, level=message.level, source=message.source, mention=message.mention
        )
        try:
            await channel.remind(receipt, replace(said, target=message.target), f"{key}-mention")
        except ChannelError as error:
            if error.retryable:
                raise
            log.warning("nobody was notified: %s", error)
    return receipt
