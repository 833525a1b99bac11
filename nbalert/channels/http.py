"""One policy for HTTP: every channel speaks through it, and status becomes error here and nowhere else."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from nbalert.errors import ChannelBusy, ChannelError, ChannelRefused, ChannelUnreachable, SettingsError
from nbalert.fields import ChannelSettings, Tls

STREAM_SILENCE_S = 90.0
"""A stream that says nothing for this long is taken for dead. Servers are to send a sign of life sooner."""
_DIRECT = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}
"""What is on this machine is not reached through the proxy that the environment may name."""

_is_ours: ContextVar[bool] = ContextVar("nbalert_http", default=False)
# httpx logs each URL, and one of a webhook is a secret. The user's own requests go on being logged.
logging.getLogger("httpx").addFilter(lambda record: not _is_ours.get())


class Http:
    """A client for one channel. Errors name the channel and the host, never a path: it may be a secret.

    Args:
        channel: Name in the settings.
        settings: Has timeout and TLS options.
        base_url: Start of every URL that is not absolute.
        headers: Sent with each request.
    """

    def __init__(
        self,
        channel: str,
        settings: ChannelSettings,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._channel = channel
        self._timeout_s = settings.timeout_s
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            verify=_context(channel, settings.tls),
            timeout=settings.timeout_s,
            mounts=_DIRECT,
        )

    async def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request; the answer has a status of 2xx.

        Args:
            options: As for `httpx.AsyncClient.request`.

        Raises:
            ChannelError: Anything else.
        """
        _is_ours.set(True)
        with self._translated():
            response = await self._client.request(method, url, **options)
        self._check(response)
        return response

    @asynccontextmanager
    async def stream(self, method: str, url: str, **options: Any) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of an answer that does not end; silence longer than `STREAM_SILENCE_S` is an error."""
        _is_ours.set(True)
        timeout = httpx.Timeout(self._timeout_s, read=STREAM_SILENCE_S)
        with self._translated():
            async with self._client.stream(method, url, timeout=timeout, **options) as response:
                if response.is_error:
                    await response.aread()
                self._check(response)
                yield response.aiter_lines()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx.InvalidURL as error:
            raise ChannelRefused(f"{self._channel}: the URL in the settings is not valid") from error
        except httpx.UnsupportedProtocol as error:
            raise ChannelRefused(
                f"{self._channel}: the URL in the settings must start with https:// or http://"
            ) from error
        except httpx.HTTPError as error:
            host = error.request.url.host if getattr(error, "_request", None) else "the service"
            raise ChannelUnreachable(f"{self._channel}: {host}: {_why(error)}") from error

    def _check(self, response: httpx.Response) -> None:
        status, host = response.status_code, response.url.host
        if response.is_success:
            return
        says = f"{self._channel}: {host} answered {status} {response.reason_phrase}".rstrip()
        raise _error(says, status, response.headers.get("Retry-After"))


def _error(says: str, status: int, retry_after: str | None) -> ChannelError:
    if status == 429 or (status == 503 and retry_after):
        return ChannelBusy(says, _seconds(retry_after))
    if status == 408 or status >= 500:
        return ChannelUnreachable(says)
    if status in (401, 403):
        return ChannelRefused(f"{says}; check the token and its permissions")
    if status in (404, 410):
        return ChannelRefused(f"{says}; check the address in the settings")
    return ChannelRefused(says)


def _seconds(retry_after: str | None) -> float | None:
    """Seconds of a Retry-After header, which may also be a date (RFC 9110, section 10.2.3)."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _why(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.ConnectError):
        return "cannot connect"
    return type(error).__name__


def _context(channel: str, tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(tls.ca) if tls.ca else None)
        if tls.cert:
            context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"channels.{channel}.tls: cannot read the certificate files: {type(error).__name__}"
        ) from None
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
