"""How a project reaches the network: the proxy and CA variables of its processes, and what they mean."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
VARIABLES = (*_PROXIES, *(name.upper() for name in _PROXIES), "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What is read of an environment; of the two spellings the lower one counts first."""


@dataclass(frozen=True, slots=True)
class Network:
    """The way out of one project's processes; directly, by the system's certificates, if nothing is set.

    Never shown: a proxy's URL may hold a password.

    Args:
        http_proxy: For `http://`.
        https_proxy: For `https://`.
        all_proxy: For what has none of its own.
        no_proxy: What is reached without one, separated by commas.
        ca_file: Certificates to trust in place of the system's file; an absolute path.
        ca_folders: The same for the system's folder; absolute paths, separated as in `PATH`.
    """

    http_proxy: str = field(default="", repr=False)
    https_proxy: str = field(default="", repr=False)
    all_proxy: str = field(default="", repr=False)
    no_proxy: str = field(default="", repr=False)
    ca_file: str = field(default="", repr=False)
    ca_folders: str = field(default="", repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Network:
        """What the environment of a process says; relative paths start at its working folder."""

        def either(name: str) -> str:
            return environment.get(name, environment.get(name.upper(), "")).strip()

        return cls(
            http_proxy=either("http_proxy"),
            https_proxy=either("https_proxy"),
            all_proxy=either("all_proxy"),
            no_proxy=either("no_proxy"),
            ca_file=_absolute(environment.get("SSL_CERT_FILE", "")),
            ca_folders=_absolute(environment.get("SSL_CERT_DIR", "")),
        )

    @classmethod
    def from_frame(cls, frame: Mapping[str, str]) -> Network:
        """From plain values that came over the line; other keys are ignored."""
        return cls(**{one.name: frame[one.name] for one in fields(cls) if one.name in frame})

    @property
    def secrets(self) -> frozenset[str]:
        """The URLs of proxies that have a password, and those passwords."""
        proxies = (self.http_proxy, self.https_proxy, self.all_proxy)
        found = {proxy: proxy.rpartition("@")[0].rpartition(":")[2] for proxy in proxies if "@" in proxy}
        return frozenset((*found, *found.values()))

    def proxy_for(self, scheme: str, host: str, port: int) -> str:
        """URL of the proxy for a request; empty where it goes directly.

        What is on this machine is never behind a proxy.
        """
        host = host.lower().rstrip(".")
        if _is_loopback(host) or any(_matches(e, scheme, host, port) for e in self.no_proxy.split(",")):
            return ""
        proxy = {"http": self.http_proxy, "https": self.https_proxy}.get(scheme) or self.all_proxy
        return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _absolute(paths: str) -> str:
    return os.pathsep.join(str(Path(path).absolute()) for path in paths.split(os.pathsep) if path)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _matches(entry: str, scheme: str, host: str, port: int) -> bool:
    """Whether an entry of `NO_PROXY` names that host.

    An entry is `*`, a domain (with those below it; with a dot in front only those), an address or a range of
    them (`10.0.0.0/8`); a port or a scheme narrows it (`example.org:8080`, `http://example.org`).
    """
    of_scheme, _, place = entry.strip().lower().rpartition("://")
    name, of_port = _parted(place)
    if of_scheme not in ("", "all", scheme) or of_port not in (None, port) or not name:
        return False
    try:
        addresses = ipaddress.ip_network(name, strict=False)
    except ValueError:
        domain = name.removeprefix("*").rstrip(".")
        return not domain or host == domain or host.endswith("." + domain.removeprefix("."))
    address = _address(host)
    return address is not None and address in addresses


def _parted(place: str) -> tuple[str, int | None]:
    """Name and port; an IPv6 address has a port only in brackets."""
    name, _, port = place.rpartition(":")
    if port.isascii() and port.isdecimal() and name and (":" not in name or name.endswith("]")):
        return name.strip("[]"), int(port)
    return place.strip("[]"), None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
