"""How many alike a message stands for, where it is said. What is alike is found by `folding`."""

from __future__ import annotations

from dataclasses import replace

from nbalert.courier.store import Store
from nbalert.message import Message

FOLD, FOLD_GLOBAL = "fold", "fold-global"
"""What an update is `about` that shows how many there are; the latter of a post that is `about` global."""


class Counts:
    """How many a message stands for, where it is said."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def counted(self, id_: str, channel: str, message: Message) -> tuple[Message, int]:
        """The message with its count, and how many others that are by now."""
        found = self._store.row(
            "SELECT count, untold FROM folded WHERE message = ? AND channel = ?", id_, channel
        )
        if found is None:
            return message, 0
        count, untold = int(found["count"]), int(found["untold"])
        title = f"{message.title} (× {count + 1})" if count else message.title
        before = f"{untold} more of the one before came within seconds of it." if untold else ""
        text = "\n".join(filter(None, (before, message.text)))
        return replace(message, title=title, text=text), count

    def is_told(self, id_: str, channel: str, count: int) -> bool:
        """Whether the channel shows so many already."""
        found = self._store.row(
            "SELECT 1 FROM folded WHERE message = ? AND channel = ? AND told >= ?", id_, channel, count
        )
        return found is not None

    def note_told(self, id_: str, channel: str, count: int) -> None:
        """The channel shows so many now."""
        if count:
            self._store.execute(
                "UPDATE folded SET told = ? WHERE message = ? AND channel = ?", count, id_, channel
            )
