"""Calls of Matrix's Client-Server API.

Source: Client-Server API, 2026-07-21.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx

from nbalert.channels.http import Http, object_of
from nbalert.channels.matrix_errors import fault
from nbalert.channels.matrix_settings import MatrixSettings
from nbalert.errors import ChannelUnreachable


class MatrixApi:
    """The API for one channel, or for what channels of one account share.

    Args:
        name: Of the channel, for errors.
    """

    def __init__(self, name: str, settings: MatrixSettings) -> None:
        self.name = name
        self._timeout_s, self._host = settings.timeout_s, httpx.URL(settings.homeserver).host
        headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
        base_url = f"{settings.homeserver.rstrip('/')}/_matrix/"
        self._http = Http(name, settings, base_url, headers, fault)

    async def get(
        self, *path: str, query: Mapping[str, str] | None = None, version: str = "v3", wait_s: float = 0.0
    ) -> dict[str, Any]:
        """What is at a path.

        Args:
            version: Of that part of the API.
            wait_s: How long the server may think about it.

        Raises:
            ChannelError: As `Http.request`; or what answers is no homeserver.
        """
        timeout = httpx.Timeout(self._timeout_s, read=self._timeout_s + wait_s)
        return self._body(await self._http.request("GET", _url(version, path), params=query, timeout=timeout))

    async def post(self, *path: str) -> dict[str, Any]:
        """Have something done that needs no more words.

        Raises:
            ChannelError: As `get`.
        """
        return self._body(await self._http.request("POST", _url("v3", path), json={}))

    async def send(self, room: str, kind: str, content: Mapping[str, Any], key: str) -> str:
        """An event into a room; its id. The same key again is the same event, for a day and one access token.

        Raises:
            ChannelError: As `get`.
        """
        url = _url("v3", ("rooms", room, "send", kind, transaction(key)))
        return self._text("event_id", await self._http.request("PUT", url, json=content))

    async def redact(self, room: str, event: str, key: str) -> None:
        """Take back an event of the bot's own.

        Raises:
            ChannelError: As `get`.
        """
        url = _url("v3", ("rooms", room, "redact", event, transaction(key)))
        await self._http.request("PUT", url, json={})

    async def upload(self, data: bytes, mime: str, name: str) -> str:
        """A file for the server to keep; its address.

        Raises:
            ChannelError: As `get`.
        """
        headers = {"Content-Type": mime}
        answer = await self._http.request(
            "POST", "media/v3/upload", params={"filename": name}, content=data, headers=headers
        )
        return self._text("content_uri", answer)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _body(self, response: httpx.Response) -> dict[str, Any]:
        if body := object_of(response):
            return body
        raise self.nonsense()

    def nonsense(self) -> ChannelUnreachable:
        """What to raise where an answer is none of a homeserver: something in between has given it."""
        return ChannelUnreachable(f"{self.name}: {self._host} has not answered as a homeserver does")

    def _text(self, field: str, response: httpx.Response) -> str:
        found = self._body(response).get(field)
        if isinstance(found, str) and found:
            return found
        raise self.nonsense()


def transaction(key: str) -> str:
    """The id by which the server knows a request that is tried again."""
    return sha256(key.encode()).hexdigest()[:32]


def _url(version: str, path: tuple[str, ...]) -> str:
    return "/".join(["client", version, *(quote(part, safe="") for part in path)])
