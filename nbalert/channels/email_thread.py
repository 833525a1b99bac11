"""Where a mail of ours stands: what its receipt has to know so that others can follow it."""

from __future__ import annotations

from dataclasses import dataclass

from nbalert.message import Receipt


@dataclass(frozen=True, slots=True)
class Thread:
    """Begun by one mail.

    Args:
        id: Of that mail, with its brackets.
        people: Addresses that have it.
        token: Of the question that it asks, which every answer in the thread brings back; empty for none.
    """

    id: str
    people: tuple[str, ...]
    token: str = ""

    @classmethod
    def of(cls, receipt: Receipt) -> Thread:
        """The inverse of `reference`."""
        id_, *words = receipt.reference.split(" ")
        people = tuple(word for word in words if "@" in word)
        return cls(id_, people, next((word for word in words if "@" not in word), ""))

    @property
    def reference(self) -> str:
        """For a receipt."""
        return " ".join(word for word in (self.id, self.token, *self.people) if word)
