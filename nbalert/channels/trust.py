"""Whose certificates are believed: the channel's own, its project's, or the system's."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from nbalert.errors import SettingsError
from nbalert.fields import Tls
from nbalert.network import Network


def server_context(channel: str, tls: Tls, network: Network) -> ssl.SSLContext:
    """For the connections to a channel's service.

    Raises:
        SettingsError: A file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca) if tls.ca else network_context(channel, network)
        if tls.cert:
            context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"channels.{channel}.tls: cannot read the certificate files: {type(error).__name__}"
        ) from None
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def network_context(channel: str, network: Network) -> ssl.SSLContext:
    """What a project trusts whose channel names no certificates; this process's environment has no say.

    Raises:
        SettingsError: A variable of the project names what cannot be read.
    """
    system = ssl.get_default_verify_paths()
    file = network.ca_file or _existing(system.openssl_cafile)
    folders = network.ca_folders or _existing(system.openssl_capath)
    if not (file or folders):  # a Python that brings its own OpenSSL knows no place of the system's
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=file, capath=folders)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"channels.{channel}: cannot read the certificates of SSL_CERT_FILE or SSL_CERT_DIR:"
            f" {type(error).__name__}"
        ) from None


def _existing(path: str) -> str | None:
    return path if Path(path).exists() else None
