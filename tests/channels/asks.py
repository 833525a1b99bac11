"""Questions that are put on a channel and listened to, as `nbalert.testing` has them."""

from __future__ import annotations

from nbalert.testing.asks import LIMIT_S, Ask, asking

__all__ = ["LIMIT_S", "Ask", "asking"]
