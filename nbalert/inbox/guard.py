"""Which requests are let in at all: the rules about Host, Origin and the proxy in front.

A page of another origin can make a browser send requests here, and a hostile name server can make its own
name mean 127.0.0.1. So a request has to be addressed to a name that is ours: loopback with our port, or the
declared public URL. jupyter-server-proxy is a third case: it keeps the browser's Host, which we cannot know
beforehand, and names itself in X-Forwarded-Context. Behind it anybody gets the empty page, and a session is
good for the one Host through which its single-use code came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from tornado.httputil import HTTPHeaders

from nbalert.errors import SettingsError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "nbalert",
}
"""On every answer."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one server.

    Args:
        port: Where it listens.
        public_url: Of the reverse proxy in front; empty if there is none.
        is_tls: Whether the server itself speaks TLS.
    """

    port: int
    public_url: str = ""
    is_tls: bool = False

    def knows(self, headers: HTTPHeaders) -> bool:
        """Whether the request is addressed to a name of ours."""
        host = headers.get("Host", "").lower()
        if host in {f"{name}:{self.port}" for name in _LOOPBACK} or (host and host == self._public_host):
            return True
        # Under TLS the browser has compared the name with our certificate, which no hostile name can have.
        return self.is_tls and not self.public_url

    def proxy_path(self, headers: HTTPHeaders) -> str:
        """The path under which jupyter-server-proxy serves us, `/…/`; empty if it does not."""
        path = headers.get("X-Forwarded-Context", "")
        found = re.fullmatch(rf"(/[\w.~%@+-]+)*/proxy/(127\.0\.0\.1:|localhost:)?{self.port}/?", path)
        return path.rstrip("/") + "/" if found else ""

    def objection_to_origin(self, headers: HTTPHeaders) -> str:
        """Why this request may not change anything: it does not come from our own page. Empty if it may."""
        if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return "only the inbox's own page may do this"
        origin = urlsplit(headers.get("Origin", ""))
        ours = {headers.get("Host", "").lower(), self._public_host} - {""}
        if origin.scheme not in ("http", "https") or origin.netloc.lower() not in ours:
            return "the Origin of the request is not the inbox's own page"
        return ""

    def cookie_path(self, headers: HTTPHeaders) -> str:
        """How far a session's cookie reaches: behind a proxy not to the other things that it serves."""
        if path := self.proxy_path(headers):
            return path
        if self._public_host and headers.get("Host", "").lower() not in {
            f"{name}:{self.port}" for name in _LOOPBACK
        }:
            return urlsplit(self.public_url).path.rstrip("/") + "/"
        return "/"

    def is_secure(self, headers: HTTPHeaders) -> bool:
        """Whether the browser speaks TLS to us, or to the proxy in front."""
        return self.is_tls or headers.get("Origin", "").startswith("https://")

    @property
    def _public_host(self) -> str:
        return urlsplit(self.public_url).netloc.lower()


def checked_public_url(url: str) -> str:
    """A declared public URL, without a slash at its end.

    Raises:
        SettingsError: It is none.
    """
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise SettingsError("the inbox's public_url must read https://HOST or https://HOST/PATH")
    return url.rstrip("/")
