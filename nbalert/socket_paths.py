"""Unix sockets at any path: the system takes 107 bytes (Linux), and a home may lie deeper than that."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

SOCKET_PATH_BYTES = 100
"""A unix socket's path may have 107 bytes on Linux and 103 on macOS; a little is kept free."""
_OWN_FILES = Path("/proc/self/fd")


def fits(path: Path) -> bool:
    """Whether a socket can be there: on Linux anywhere, elsewhere where the path is short enough."""
    return len(os.fsencode(path)) <= SOCKET_PATH_BYTES or _OWN_FILES.is_dir()


def connect(connection: socket.socket, path: Path) -> None:
    """Connect.

    Raises:
        OSError: Nobody listens there.
    """
    with _reachable(path) as short:
        connection.connect(short)


def bound(path: Path) -> socket.socket:
    """A socket at that path, which only its owner can use; a stale one there is replaced.

    Raises:
        OSError: It cannot be made.
    """
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _reachable(path) as short:
            made.bind(short)
        path.chmod(0o600)
    except BaseException:
        made.close()
        raise
    return made


@contextlib.contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """The path; a long one by way of its opened folder, which has a short name of its own."""
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield str(_OWN_FILES / str(folder) / path.name)
    finally:
        os.close(folder)
