from __future__ import annotations

from pathlib import Path

import pytest

from nbalert.network import VARIABLES, Network

ALL = {"HTTP_PROXY": "http://plain:1", "HTTPS_PROXY": "http://tls:2", "ALL_PROXY": "socks5://rest:3"}


def test_nothing_set() -> None:
    """Everything goes directly."""
    assert Network.of({}) == Network()
    assert Network().proxy_for("https", "example.org", 443) == ""


@pytest.mark.parametrize(
    ("environment", "scheme", "proxy"),
    [
        (ALL, "http", "http://plain:1"),
        (ALL, "https", "http://tls:2"),
        ({"ALL_PROXY": "socks5://rest:3"}, "https", "socks5://rest:3"),
        ({"HTTP_PROXY": "http://plain:1"}, "https", ""),
        ({"https_proxy": "low:1", "HTTPS_PROXY": "high:1"}, "https", "http://low:1"),
        ({"https_proxy": "", "HTTPS_PROXY": "high:1"}, "https", ""),
        ({"https_proxy": " http://p:1 "}, "https", "http://p:1"),
    ],
)
def test_which_proxy(environment: dict[str, str], scheme: str, proxy: str) -> None:
    """Its own before that for all, the lower spelling before the upper one; a bare host is a plain proxy."""
    assert Network.of(environment).proxy_for(scheme, "example.org", 443) == proxy


@pytest.mark.parametrize(
    ("entry", "host", "port", "is_direct"),
    [
        ("*", "example.org", 443, True),
        ("example.org", "example.org", 443, True),
        ("example.org", "EXAMPLE.org.", 443, True),
        ("example.org", "hooks.example.org", 443, True),
        ("example.org", "wrongexample.org", 443, False),
        (".example.org", "hooks.example.org", 443, True),
        (".example.org", "example.org", 443, False),
        ("*.example.org", "hooks.example.org", 443, True),
        ("*.example.org", "example.org", 443, False),
        ("example.org:443", "example.org", 443, True),
        ("example.org:8443", "example.org", 443, False),
        ("https://example.org", "example.org", 443, True),
        ("http://example.org", "example.org", 443, False),
        ("all://example.org", "example.org", 443, True),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.0/8", "ten.example.org", 443, False),
        ("10.1.2.3:443", "10.1.2.3", 443, True),
        ("fd00::/8", "fd00::1", 443, True),
        ("fd00::1", "fd00::1", 443, True),
        ("[fd00::1]:443", "fd00::1", 443, True),
        ("[fd00::1]:80", "fd00::1", 443, False),
        ("10.0.0.0/8", "fd00::1", 443, False),
        ("a.org, ,example.org", "example.org", 443, True),
        ("", "example.org", 443, False),
        ("localhost", "example.org", 443, False),
    ],
)
def test_what_goes_directly(entry: str, host: str, port: int, is_direct: bool) -> None:
    """Domains with those below, addresses, ranges, ports and schemes."""
    network = Network.of({"ALL_PROXY": "http://p:1", "NO_PROXY": entry})
    assert network.proxy_for("https", host, port) == ("" if is_direct else "http://p:1")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_not_behind_a_proxy(host: str) -> None:
    """Whatever the environment says."""
    assert Network.of({"ALL_PROXY": "http://p:1"}).proxy_for("http", host, 80) == ""


def test_certificates_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The courier stands in another folder."""
    monkeypatch.chdir(tmp_path)
    network = Network.of({"SSL_CERT_FILE": "ca.crt", "SSL_CERT_DIR": f"certs:{tmp_path}/more"})
    assert network.ca_file == str(tmp_path / "ca.crt")
    assert network.ca_folders == f"{tmp_path}/certs:{tmp_path}/more"


def test_it_is_not_shown() -> None:
    """A proxy's URL may hold a password; both are known as secrets."""
    network = Network.of(dict.fromkeys(VARIABLES, "http://ann:hush@proxy:1"))
    assert "hush" not in f"{network!r} {network!s}"
    assert network.secrets == {"http://ann:hush@proxy:1", "hush"}


def test_over_the_line() -> None:
    """Keys that a newer kernel sends are ignored, those that an older one lacks are empty."""
    assert Network.from_frame({"http_proxy": "p:1", "quic_proxy": "p:2"}) == Network(http_proxy="p:1")
