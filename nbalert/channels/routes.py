"""Which way a request goes: directly, or through the proxy that the channel's project names for it."""

from __future__ import annotations

import ssl

import httpx

from nbalert.channels.trust import network_context
from nbalert.channels.uploads import counted
from nbalert.errors import ChannelDenied, SettingsError
from nbalert.network import Network


class Routes(httpx.AsyncBaseTransport):
    """One pool of connections a proxy, and one for what goes directly.

    Args:
        channel: For errors.
        network: Of the channel's project.
        context: For the connections to the service.
    """

    def __init__(self, channel: str, network: Network, context: ssl.SSLContext) -> None:
        self._channel = channel
        self._network = network
        self._context = context
        self._pools: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on its way.

        Raises:
            ChannelDenied: The proxy cannot be used as the project names it.
            httpx.HTTPError: As httpx raises it.
        """
        proxy = self.proxy_for(request.url)
        if proxy not in self._pools:
            self._pools[proxy] = self._pool(proxy)
        return await self._pools[proxy].handle_async_request(counted(request))

    def proxy_for(self, url: httpx.URL) -> str:
        """URL of the proxy, which may hold a password; empty for none."""
        port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
        return self._network.proxy_for(url.scheme, url.host, port)

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    def _pool(self, proxy: str) -> httpx.AsyncHTTPTransport:
        try:
            return httpx.AsyncHTTPTransport(
                verify=self._context, trust_env=False, proxy=self._proxy(proxy) if proxy else None
            )
        except ImportError:
            raise ChannelDenied(
                f"{self._channel}: a SOCKS proxy needs an extra: pip install 'httpx[socks]'"
            ) from None
        except SettingsError as error:
            raise ChannelDenied(str(error)) from None

    def _proxy(self, url: str) -> httpx.Proxy:
        try:
            proxy = httpx.Proxy(url)
        except (ValueError, httpx.InvalidURL):  # their texts quote the URL
            proxy = None
        if proxy is None or not proxy.url.host:
            raise ChannelDenied(
                f"{self._channel}: the proxy's address is not valid; it must start with http://, https://,"
                " socks5:// or socks5h://"
            )
        if proxy.url.scheme == "https":
            proxy.ssl_context = network_context(self._channel, self._network)
        return proxy
