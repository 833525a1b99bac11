"""What keeps a service from being reached, as its reader can mend it."""

from __future__ import annotations

import socket
import ssl

_SAYS: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.CertificateError, "its certificate is not trusted: name its authority in tls.ca or SSL_CERT_FILE"),
    (socket.gaierror, "cannot connect: this machine does not know that name"),
    (ConnectionRefusedError, "cannot connect: nothing listens there"),
)


def why_unconnected(error: BaseException | None) -> str:
    """The cause that clients wrap more than once, in words; empty where it is another."""
    while error:
        for cause, says in _SAYS:
            if isinstance(error, cause):
                return says
        error = error.__cause__ or error.__context__
    return ""
