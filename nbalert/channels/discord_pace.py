"""Keeps to Discord's rate limits before they are hit: a bucket a route and place, and one for everything.

Source: Discord, "Rate Limits", 2026-08-06: never hard-code limits; read `X-RateLimit-Bucket`, `-Remaining`
and `-Reset-After` (seconds); after a 429 wait `retry_after` (seconds), with `global` for every route.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass

import httpx

from nbalert.channels.discord_errors import retry_after_s
from nbalert.errors import ChannelBusy

LONGEST_WAIT_S = 5.0
"""A turn that comes later is the courier's to wait for."""
_AT_ONCE = re.compile(r"interactions/\d+/[^/]+/callback")


@dataclass(slots=True)
class _Bucket:
    remaining: int = 1
    reset_at: float = 0.0

    def wait_s(self, now: float) -> float:
        return 0.0 if self.remaining > 0 else max(0.0, self.reset_at - now)


class DiscordPace:
    """The limits of one account, or of one webhook. It holds up only what it is asked about."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._all = _Bucket()

    async def before(self, method: str, url: str) -> None:
        """Wait for this request's turn, and take it.

        Raises:
            ChannelBusy: It comes in more than `LONGEST_WAIT_S`.
        """
        while (wait_s := self._wait_s(method, url)) > 0:
            if wait_s > LONGEST_WAIT_S:
                raise ChannelBusy(f"Discord's rate limit is used up for {wait_s:.0f} s", wait_s)
            await asyncio.sleep(wait_s)
        if bucket := self._bucket(method, url):
            bucket.remaining -= 1

    def after(self, method: str, url: str, response: httpx.Response) -> None:
        """Learn what is left."""
        route, place = _route(method, url)
        headers, now = response.headers, time.monotonic()
        self._names[route] = headers.get("X-RateLimit-Bucket", self._names.get(route, route))
        bucket = self._buckets.setdefault((self._names[route], place), _Bucket())
        if response.status_code == 429:
            hit = self._all if _is_global(response) else bucket
            hit.remaining, hit.reset_at = 0, now + (retry_after_s(response) or 0.0)
        elif "X-RateLimit-Remaining" in headers and "X-RateLimit-Reset-After" in headers:
            bucket.remaining = int(headers["X-RateLimit-Remaining"])
            bucket.reset_at = now + float(headers["X-RateLimit-Reset-After"])
        else:
            bucket.remaining = max(1, bucket.remaining)

    def _wait_s(self, method: str, url: str) -> float:
        now = time.monotonic()
        bucket = self._bucket(method, url)
        own_s = bucket.wait_s(now) if bucket else 0.0
        return own_s if _AT_ONCE.search(url) else max(own_s, self._all.wait_s(now))

    def _bucket(self, method: str, url: str) -> _Bucket | None:
        route, place = _route(method, url)
        return self._buckets.get((self._names.get(route, route), place))


def _is_global(response: httpx.Response) -> bool:
    is_marked = "X-RateLimit-Global" in response.headers
    return is_marked or bool(response.headers.get("X-RateLimit-Scope") == "global")


def _route(method: str, url: str) -> tuple[str, str]:
    """The route without its lesser ids, and the place that has limits of its own."""
    path = url.partition("?")[0]
    found = re.search(r"(channels|guilds|webhooks|interactions)/(\d+)(/.*)?$", path)
    if not found:
        return f"{method} {path}", ""
    rest = re.sub(r"/reactions/.*", "/reactions", re.sub(r"/\d+(?=/|$)", "/:id", found[3] or ""))
    return f"{method} {found[1]}{rest}", found[2]
