"""A certificate authority of a test's own, and servers that it vouches for."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

HOST = "hooks.example.org"
"""A host that no test ever reaches by its name: only a proxy of ours knows it."""


class Authority:
    """The authority.

    Args:
        folder: Where its certificate is written, as `ca.crt`.
    """

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.file = folder / "ca.crt"
        self._authority.cert_pem.write_to_path(self.file)

    def server(self) -> ssl.SSLContext:
        """For a server on this machine, or behind a proxy at `HOST`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("127.0.0.1", HOST).configure_cert(context)
        return context

    def write(self, file: Path) -> None:
        """Key and certificate for a server on this machine that is no Python of ours."""
        self._authority.issue_cert("127.0.0.1", HOST).private_key_and_cert_chain_pem.write_to_path(file)
