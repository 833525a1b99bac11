"""The floor of a script: one request on a bare socket."""

from __future__ import annotations

import socket
import sys

from tests.benchmarks.peers.turns import serve

host, _, port = sys.argv[1].rpartition("/")[2].partition(":")


def post(text: str) -> None:
    """One alert."""
    body = text.encode()
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /alert HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        connection.recv(4096)


serve(post)
