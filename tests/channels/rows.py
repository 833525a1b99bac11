"""A channel's place in the contract suite, as `nbalert.testing` has it."""

from __future__ import annotations

from nbalert.testing.rows import Row, Seen, seen_of

__all__ = ["Row", "Seen", "seen_of"]
