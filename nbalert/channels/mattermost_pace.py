"""Keeps to a Mattermost server's rate limit, which is one for everything that an account asks.

Source: Mattermost, "Rate limiting configuration settings" (2026-08-19): off by default, else 10 requests a
second and bursts of 100; mattermost/mattermost, `app/ratelimit.go`: `Retry-After` in seconds with a 429.
"""

from __future__ import annotations

import asyncio
import time

import httpx

from nbalert.channels.mattermost_errors import retry_after_s
from nbalert.errors import ChannelBusy

LONGEST_WAIT_S = 5.0
"""A turn that comes later is the courier's to wait for."""


class MattermostPace:
    """Of one account, or of one webhook."""

    def __init__(self) -> None:
        self._free_at = 0.0

    async def before(self, method: str, url: str) -> None:
        """Wait until the server takes requests again.

        Raises:
            ChannelBusy: That is in more than `LONGEST_WAIT_S`.
        """
        while (wait_s := self._free_at - time.monotonic()) > 0:
            if wait_s > LONGEST_WAIT_S:
                raise ChannelBusy(f"Mattermost's rate limit is used up for {wait_s:.0f} s", wait_s)
            await asyncio.sleep(wait_s)

    def after(self, method: str, url: str, response: httpx.Response) -> None:
        """Learn how long to wait."""
        if response.status_code == 429:
            self._free_at = time.monotonic() + _wish_s(response)


def _wish_s(response: httpx.Response) -> float:
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return retry_after_s(response) or 0.0
