"""How a websocket is opened: the way out and the certificates are those of the channel."""

from __future__ import annotations

from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

from nbalert.channels.trust import server_context
from nbalert.fields import ChannelSettings

CLOSE_S = 2.0
LARGEST_BYTES = 16 * 2**20


async def open_socket(
    channel: str, settings: ChannelSettings, url: str, ping_s: float | None = None
) -> ClientConnection:
    """Connect.

    Args:
        channel: For errors.
        ping_s: Seconds between two pings; a connection that leaves one unanswered for as long is closed. None
            where the service has signs of life of its own.

    Raises:
        OSError, TimeoutError, WebSocketException: No connection.
    """
    parts = urlsplit(url)
    is_tls = parts.scheme == "wss"
    scheme, port = ("https", 443) if is_tls else ("http", 80)
    proxy = settings.network.proxy_for(scheme, parts.hostname or "", parts.port or port)
    return await connect(
        url,
        ssl=server_context(channel, settings.tls, settings.network) if is_tls else None,
        proxy=proxy or None,
        compression=None,
        ping_interval=ping_s,
        ping_timeout=ping_s,
        open_timeout=settings.timeout_s,
        close_timeout=CLOSE_S,
        max_size=LARGEST_BYTES,
        user_agent_header=None,
    )
