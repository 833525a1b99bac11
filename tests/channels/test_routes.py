from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from nbalert import channels
from nbalert.errors import ChannelDenied, ChannelError, ChannelUnreachable, SettingsError
from nbalert.message import Message
from nbalert.network import VARIABLES, Network
from tests.certificates import HOST, Authority
from tests.chat_servers.proxy import Proxy
from tests.chat_servers.webhook import Webhook

LOGIN = "ann:hush-proxy"


@pytest.fixture(autouse=True)
def _dead_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's own environment leads nowhere: nothing here may go by it."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "/gone" if name.startswith("SSL") else "http://127.0.0.1:9")


def post(url: str, environment: dict[str, str], **values: Any) -> None:
    """A message to a webhook, by the way out of that environment."""

    async def work() -> None:
        channel = channels.build("team", {"kind": "webhook", "url": url, **values}, Network.of(environment))
        try:
            await channel.post(Message(title="x"), "key")
        finally:
            await channel.aclose()

    asyncio.run(work())


def failure(url: str, environment: dict[str, str], **values: Any) -> ChannelError:
    """Why it cannot be posted: in one line, and without a secret."""
    with pytest.raises(ChannelError) as caught:
        post(url, environment, **values)
    assert str(caught.value).startswith("team: ")
    for secret in ("hush", "secret", "\n"):
        assert secret not in str(caught.value)
    return caught.value


def test_plain_http_is_forwarded() -> None:
    """With the whole address, and with user and password where the proxy wants them."""
    with Webhook() as server, Proxy({HOST: server.port}, LOGIN) as proxy:
        post(f"http://{HOST}/secret-path", {"http_proxy": proxy.url(LOGIN)})
        assert proxy.targets == [f"POST http://{HOST}/secret-path"]
        assert server.titles == ["x"]


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain proxy", "TLS proxy"])
def test_https_goes_through_a_tunnel(is_tls: bool, tmp_path: Path) -> None:
    """The proxy sees the host alone; the certificate is the service's, of the project's authority."""
    authority = Authority(tmp_path)
    with (
        Webhook(tls=authority.server()) as server,
        Proxy({HOST: server.port}, LOGIN, authority.server() if is_tls else None) as proxy,
    ):
        environment = {"HTTPS_PROXY": proxy.url(LOGIN), "SSL_CERT_FILE": str(authority.file)}
        post(f"https://{HOST}/secret-path", environment)
        assert proxy.targets == [f"CONNECT {HOST}:443"]
        assert server.titles == ["x"]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("login", ["", "ann:hush-wrong"])
def test_a_proxy_that_wants_a_password(scheme: str, login: str) -> None:
    """Is named as what refuses, and not the service; nothing has gone past it."""
    with Proxy({}, LOGIN) as proxy:
        error = failure(f"{scheme}://{HOST}/secret-path", {"ALL_PROXY": proxy.url(login)})
        assert (proxy.denied, proxy.targets) == (1, [])
    assert isinstance(error, ChannelDenied)
    assert "the proxy wants another user or password" in str(error)


def test_a_proxy_that_is_not_there() -> None:
    """Is worth another try, and the error names both ends."""
    with Proxy({}) as proxy:
        url = proxy.url(LOGIN)
    error = failure(f"https://{HOST}/secret-path", {"HTTPS_PROXY": url})
    assert type(error) is ChannelUnreachable
    assert f"{HOST} through the proxy 127.0.0.1: cannot connect" in str(error)


def test_a_proxy_that_cannot_reach_the_service() -> None:
    """Its refusal of a tunnel is worth another try."""
    with Proxy({}) as proxy:
        error = failure(f"https://{HOST}/secret-path", {"HTTPS_PROXY": proxy.url()})
    assert type(error) is ChannelUnreachable
    assert f"{HOST} through the proxy 127.0.0.1: it answered 502" in str(error)


@pytest.mark.parametrize("address", ["ftp://ann:hush@proxy", "http://ho st:hush", "http://", "http://p:hush"])
def test_an_address_that_is_none(address: str) -> None:
    """One line, without the address: it may hold a password."""
    error = failure(f"http://{HOST}/secret-path", {"HTTP_PROXY": address})
    assert isinstance(error, ChannelDenied)
    assert "the proxy's address is not valid" in str(error)


def test_a_socks_proxy_without_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names what to install."""
    monkeypatch.setitem(sys.modules, "socksio", None)  # as if it were not installed, whether it is or not
    error = failure(f"https://{HOST}/secret-path", {"ALL_PROXY": "socks5://ann:hush@127.0.0.1:9"})
    assert isinstance(error, ChannelDenied)
    assert "pip install 'httpx[socks]'" in str(error)


def test_this_machine_is_reached_directly() -> None:
    """Also where the proxy's address is wrong: the inbox goes on."""
    with Webhook() as server:
        post(server.url, {"ALL_PROXY": "nonsense://"})
        assert server.titles == ["x"]


def test_whose_certificates_are_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that the project's processes believe, or the channel alone; not those of this process."""
    authority = Authority(tmp_path)
    with Webhook(tls=authority.server()) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        error = failure(server.url, {})
        assert type(error) is ChannelUnreachable
        assert "127.0.0.1: its certificate is not trusted" in str(error)
        assert server.requests == []
        post(server.url, {"SSL_CERT_FILE": str(authority.file)})
        post(server.url, {}, tls={"ca": str(authority.file)})
        post(server.url, {}, tls={"verify": False})
        assert len(server.accepted) == 3


def test_certificates_that_cannot_be_read() -> None:
    """The error says which variables to look at."""
    with pytest.raises(SettingsError, match=r"channels\.team: cannot read .* SSL_CERT_FILE or SSL_CERT_DIR"):
        post("https://127.0.0.1:9", {"SSL_CERT_FILE": "/gone"})
