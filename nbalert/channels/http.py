"""One policy for HTTP: every channel speaks through it, and status becomes error here and nowhere else."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import dumps
from typing import Any, Protocol

import httpx

from nbalert.channels.connecting import why_unconnected
from nbalert.channels.routes import Routes
from nbalert.channels.trust import server_context
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable
from nbalert.fields import ChannelSettings

STREAM_SILENCE_S = 90.0
"""A stream that says nothing for this long is taken for dead. Servers are to send a sign of life sooner."""

_PROXY_DENIED = "the proxy wants another user or password; check HTTP_PROXY and HTTPS_PROXY"

_is_ours: ContextVar[bool] = ContextVar("nbalert_http", default=False)
# httpx logs each URL, and one of a webhook is a secret. The user's own requests go on being logged.
logging.getLogger("httpx").addFilter(lambda record: not _is_ours.get())


class Pace(Protocol):
    """Keeps requests within the limits that a service publishes in its answers."""

    async def before(self, method: str, url: str) -> None:
        """Wait for this request's turn.

        Raises:
            ChannelBusy: It would take too long to wait for here.
        """

    def after(self, method: str, url: str, response: httpx.Response) -> None:
        """Learn from an answer, whatever its status."""


Fault = Callable[[str, httpx.Response], ChannelError | None]
"""How a service words its errors, also those with status 200: of the channel's name and an answer the error
that it means; None leaves it to its status."""


class Http:
    """A client for one channel. Errors name the channel and the host, never a path: it may be a secret.

    Args:
        channel: Name in the settings.
        settings: Has timeout, TLS options and the way out.
        base_url: Start of every URL that is not absolute.
        headers: Sent with each request.
        fault: Reads the service's own errors.
        pace: Keeps to the service's limits; channels of one account share it.
    """

    def __init__(
        self,
        channel: str,
        settings: ChannelSettings,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
        fault: Fault | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._channel = channel
        self._fault = fault
        self._pace = pace
        self._timeout_s = settings.timeout_s
        self._routes = Routes(channel, settings.network, _context(channel, settings, base_url))
        # Not by this process's environment: the courier works for many projects.
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            transport=self._routes,
            timeout=settings.timeout_s,
            trust_env=False,
        )

    async def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request; the answer has a status of 2xx.

        Args:
            options: As for `httpx.AsyncClient.request`.

        Raises:
            ChannelError: Anything else.
        """
        _is_ours.set(True)
        await self._turn(method, url)
        if "json" in options:
            options = _encoded(**options)
        with self._translated():
            response = await self._answer(self._client.build_request(method, url, **options))
        if self._pace:
            self._pace.after(method, url, response)
        self._check(response)
        return response

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        """A whole answer, past the client's cookies and redirects: we follow none, and they cost a sixth."""
        if request.url.userinfo:
            return await self._client.send(request)
        try:
            response = await self._routes.handle_async_request(request)
            response.request = request
            await _read(response)
        except httpx.RequestError as error:
            error.request = request
            raise
        return response

    async def _turn(self, method: str, url: str) -> None:
        if self._pace:
            try:
                await self._pace.before(method, url)
            except ChannelBusy as busy:  # it is shared, and knows no channel
                raise ChannelBusy(f"{self._channel}: {busy}", busy.retry_after_s) from None

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
            raise ChannelDenied(f"{self._channel}: the URL in the settings is not valid") from error
        except httpx.UnsupportedProtocol as error:
            raise ChannelDenied(
                f"{self._channel}: the URL in the settings must start with https:// or http://"
            ) from error
        except httpx.ProxyError as error:
            raise self._proxy_refusal(error) from error
        except httpx.HTTPError as error:
            raise ChannelUnreachable(f"{self._channel}: {self._place(error)}: {_why(error)}") from error

    def _proxy_refusal(self, error: httpx.ProxyError) -> ChannelError:
        status = str(error).partition(" ")[0]
        if status == "407":
            return ChannelDenied(f"{self._channel}: {_PROXY_DENIED}")
        why = f"it answered {status}" if status.isdecimal() else "it refused"
        return ChannelUnreachable(f"{self._channel}: {self._place(error)}: {why}")

    def _place(self, error: httpx.HTTPError) -> str:
        """Host of the service, and of the proxy in between."""
        if not getattr(error, "_request", None):
            return "the service"
        url = error.request.url
        proxy = self._routes.proxy_for(url)
        return f"{url.host} through the proxy {httpx.URL(proxy).host}" if proxy else url.host

    def _check(self, response: httpx.Response) -> None:
        status, host = response.status_code, response.url.host
        if self._fault and (fault := self._fault(self._channel, response)):
            raise fault
        if response.is_success:
            return
        if status == 407:
            raise ChannelDenied(f"{self._channel}: {_PROXY_DENIED}")
        says = f"{self._channel}: {host} answered {status} {response.reason_phrase}".rstrip()
        raise status_error(says, status, response.headers.get("Retry-After"))


async def _read(response: httpx.Response) -> None:
    try:
        await response.aread()
    except BaseException:
        await response.aclose()
        raise


def json_body(value: object) -> bytes:
    """JSON as it is sent. Half of a character, which a notebook can print, becomes a question mark."""
    text = dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")


def object_of(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object; an empty one where it is none."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _encoded(json: object, headers: Mapping[str, str] | None = None, **options: Any) -> dict[str, Any]:
    headers = {**(headers or {}), "Content-Type": "application/json"}
    return {**options, "content": json_body(json), "headers": headers}


def _context(channel: str, settings: ChannelSettings, base_url: str) -> ssl.SSLContext:
    if base_url.startswith("http://"):  # to load the system's certificates takes 20 ms and some MB
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which trusts nobody
    return server_context(channel, settings.tls, settings.network)


def status_error(says: str, status: int, retry_after: str | None = None) -> ChannelError:
    """What a status that is no success means.

    Args:
        says: One line for the reader, to which what to check is added.
        retry_after: The header of that name.
    """
    if status == 429 or (status == 503 and retry_after):
        return ChannelBusy(says, _seconds(retry_after))
    if status == 408 or status >= 500:
        return ChannelUnreachable(says)
    if status in (401, 403):
        return ChannelDenied(f"{says}; check the token and its permissions")
    if status in (404, 410):
        return ChannelDenied(f"{says}; check the address in the settings")
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
        return why_unconnected(error) or "cannot connect"
    return type(error).__name__
