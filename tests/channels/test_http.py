from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from nbalert.channels.http import Http
from nbalert.errors import (
    ChannelBusy,
    ChannelDenied,
    ChannelError,
    ChannelRefused,
    ChannelUnreachable,
    SettingsError,
)
from nbalert.fields import ChannelSettings, Tls
from tests.chat_servers.webhook import GARBAGE, HANG, RESET, Answer, Webhook, status


def run(work: Callable[[Http], Awaitable[object]], base_url: str = "") -> None:
    """Do something with a client."""

    async def with_client() -> None:
        http = Http("team", ChannelSettings(kind="x", timeout_s=0.5), base_url)
        try:
            await work(http)
        finally:
            await http.aclose()

    asyncio.run(with_client())


def failure(url: str) -> ChannelError:
    """What a request raises; it never names the path."""
    caught: list[ChannelError] = []

    async def work(http: Http) -> None:
        with pytest.raises(ChannelError) as info:
            await http.request("POST", url, json={})
        caught.append(info.value)

    run(work)
    assert str(caught[0]).startswith("team: ")
    assert "secret" not in str(caught[0])
    return caught[0]


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (status(301, Location="/x"), ChannelRefused, "answered 301"),
        (status(400), ChannelRefused, "answered 400"),
        (status(401), ChannelDenied, "check the token"),
        (status(403), ChannelDenied, "check the token"),
        (status(404), ChannelDenied, "check the address"),
        (status(407), ChannelDenied, "the proxy wants another user or password"),
        (status(410), ChannelDenied, "check the address"),
        (status(408), ChannelUnreachable, "answered 408"),
        (status(429), ChannelBusy, "answered 429"),
        (status(500), ChannelUnreachable, "answered 500"),
        (status(503), ChannelUnreachable, "answered 503"),
        (status(503, Retry_After="1"), ChannelBusy, "answered 503"),
        (RESET, ChannelUnreachable, "127.0.0.1: "),
        (GARBAGE, ChannelUnreachable, "127.0.0.1: RemoteProtocolError"),
        (HANG, ChannelUnreachable, "127.0.0.1: no answer in time"),
        (Answer(headers=(("Content-Encoding", "gzip"),)), ChannelUnreachable, "DecodingError"),
    ],
    ids=str,
)
def test_every_failure_is_a_channel_error(answer: Answer, kind: type[ChannelError], says: str) -> None:
    """Status and fault become one of three errors, which say who and what to do."""
    with Webhook() as server:
        server.always(answer)
        error = failure(server.url)
    assert type(error) is kind
    assert says in str(error)


def test_nobody_there() -> None:
    """Refused connections, unknown hosts and addresses that are none."""
    with Webhook() as server:
        server.down()
        assert "127.0.0.1: cannot connect: nothing listens there" in str(failure(server.url))
    assert "cannot connect: this machine does not know that name" in str(failure("http://nobody.invalid/x"))
    for address in ("ftp://host/secret", "secret", "http://ho st:port/secret"):
        assert isinstance(failure(address), ChannelDenied)


DATES = {
    "a date in ten minutes": lambda: format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True),
    "a date ten minutes ago": lambda: format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True),
}


@pytest.mark.parametrize(
    ("wish", "least_s", "most_s"),
    [
        ("1", 1, 1),
        ("0.5", 0.5, 0.5),
        ("-5", 0, 0),
        ("a date in ten minutes", 500, 600),
        ("a date ten minutes ago", 0, 0),
        ("soon", None, None),
    ],
)
def test_retry_after(wish: str, least_s: float | None, most_s: float | None) -> None:
    """In seconds or as a date; what is neither is as good as none."""
    with Webhook() as server:
        server.always(status(429, Retry_After=DATES[wish]() if wish in DATES else wish))
        error = failure(server.url)
    assert isinstance(error, ChannelBusy)
    if least_s is None or most_s is None:
        assert error.retry_after_s is None
    else:
        assert error.retry_after_s is not None
        assert least_s <= error.retry_after_s <= most_s


def test_urls_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """httpx logs each URL: not ours, which may be secrets; the user's own as ever."""
    caplog.set_level(logging.INFO)
    with Webhook() as server:

        async def work(http: Http) -> None:
            await http.request("POST", server.url)
            await http.request("POST", server.url.replace("//", "//ann:secret@"))
            async with http.stream("GET", server.url):
                pass

        run(work)
        assert len(server.requests) == 3
        assert "secret" not in caplog.text
        httpx.post(server.url, trust_env=False)
        assert "secret" in caplog.text


def test_a_user_in_the_address_and_cookies() -> None:
    """Who has a password in the address is let in; a cookie is neither kept nor sent."""
    with Webhook() as server:
        server.always(status(200, Set_Cookie="session=1; Path=/"))

        async def work(http: Http) -> None:
            await http.request("POST", server.url.replace("//", "//ann:pass%20word@"), json={})
            await http.request("POST", server.url, json={})

        run(work)
        first, second = (request.headers for request in server.requests)
    assert first["authorization"] == f"Basic {b64encode(b'ann:pass word').decode()}"
    assert "authorization" not in second
    assert "cookie" not in second


def test_certificates_that_cannot_be_read() -> None:
    """A settings error that names the channel."""
    settings = ChannelSettings(kind="x", tls=Tls.model_validate({"ca": "/gone"}))
    with pytest.raises(SettingsError, match=r"channels\.team\.tls: cannot read the certificate files"):
        Http("team", settings)


def test_a_service_has_its_own_words() -> None:
    """A channel reads its service's errors, also in an answer of 200; of others the status decides."""

    def fault(channel: str, response: httpx.Response) -> ChannelError | None:
        return ChannelRefused(f"{channel}: not ok") if response.content == b'{"ok":false}' else None

    async def work() -> None:
        http = Http("team", ChannelSettings(kind="x"), server.url, fault=fault)
        with pytest.raises(ChannelRefused, match="team: not ok"):
            await http.request("GET", "/")
        with pytest.raises(ChannelUnreachable):
            await http.request("GET", "/")
        await http.aclose()

    with Webhook() as server:
        server.plan(Answer(body=b'{"ok":false}'), status(500))
        asyncio.run(work())


def test_a_pace_goes_with_every_request() -> None:
    """It is asked before each one, and learns from each answer, errors included."""

    class Recording:
        def __init__(self) -> None:
            self.said: list[object] = []

        async def before(self, method: str, url: str) -> None:
            self.said.append((method, url))

        def after(self, method: str, url: str, response: httpx.Response) -> None:
            self.said.append((method, url, response.status_code))

    pace = Recording()

    async def work() -> None:
        http = Http("team", ChannelSettings(kind="x"), server.url, pace=pace)
        with pytest.raises(ChannelBusy):
            await http.request("POST", "/a")
        await http.aclose()

    with Webhook() as server:
        server.plan(status(429))
        asyncio.run(work())
    assert pace.said == [("POST", "/a"), ("POST", "/a", 429)]
