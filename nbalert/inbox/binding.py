"""Where the inbox listens: address, port, certificate, and the lock that keeps it the only server."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from pathlib import Path
from typing import BinaryIO

from nbalert.errors import SettingsError
from nbalert.forks import keep_from_forks


def is_loopback(host: str) -> bool:
    """Whether nobody on another machine can connect to this."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def shown(host: str) -> str:
    """The host as it stands in a URL; for "everywhere" this machine's name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return socket.getfqdn()
    return f"[{host}]" if address.version == 6 else host


def bound(host: str, port: int, last: int) -> socket.socket:
    """A listening socket.

    Args:
        port: The one that is asked for; 0 for any.
        last: The one to prefer to any; 0 for none.

    Raises:
        SettingsError: It cannot be had.
    """
    for number in [port] if port else [last, 0] if last else [0]:
        try:
            return _listening(host, number)
        except OSError as error:
            why = error.strerror or "it cannot be used"
    raise SettingsError(f"the inbox cannot listen on {host} port {port}: {why}")


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=128)
    listener.setblocking(False)
    return listener


def tls_context(tls: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    """TLS of a certificate chain and a key; None for none.

    Raises:
        SettingsError: They cannot be read.
    """
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(*tls)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"the inbox's certificate or key cannot be read: {type(error).__name__}"
        ) from None
    return context


def locked(database: Path, url: str) -> BinaryIO | None:
    """Hold the file's lock: a second server would not tell its listeners what the first one takes.

    Raises:
        SettingsError: It is held; says where.
    """
    try:
        import fcntl  # not on Windows, where the courier's own lock has to do
    except ImportError:
        return None
    path = database.with_name(database.name + ".lock")
    lock = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise SettingsError(f"the inbox is served already, at {url or 'another address'}") from None
    keep_from_forks(lock)
    return lock
