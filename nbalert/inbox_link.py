"""The link to the inbox of this machine, as it can be reached from where the reader's browser is."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import NamedTuple

from nbalert.client import Client


class InboxLink(NamedTuple):
    """A link with a single-use code of two minutes, and a hint where it may not be reachable."""

    url: str
    hint: str


def inbox_link(client: Client) -> InboxLink:
    """Ask the courier for a link.

    Raises:
        CourierError: None can be reached or hosted.
    """
    inbox = client.request({"do": "inbox"})
    port = int(inbox["port"])
    base = _proxy_base(port)
    url = str(client.request({"do": "link", "base": base}))
    return InboxLink(url, "" if base else _ssh_hint(port))


def message_link(client: Client, link: str) -> str:
    """A message's link; where it stands on the inbox of this machine, with a code as `inbox_link` gives it.

    Raises:
        CourierError: None can be reached or hosted.
    """
    place, _, mark = link.partition("#")
    if place.rstrip("/") != str(client.request({"do": "inbox"})["url"]).rstrip("/"):
        return link
    return f"{inbox_link(client).url}&{mark}"


def _proxy_base(port: int) -> str:
    """The path through jupyter-server-proxy, where the kernel belongs to a server that has it."""
    if importlib.util.find_spec("jupyter_server_proxy") is None:
        return ""
    base = os.environ.get("JUPYTERHUB_SERVICE_PREFIX") or _server_base()
    return f"{base.rstrip('/')}/proxy/{port}/" if base else ""


def _server_base() -> str:
    """`base_url` of the Jupyter server that started this kernel. Its file also holds a token: left alone."""
    parent = os.environ.get("JPY_PARENT_PID", "")
    if not parent:
        return ""
    from jupyter_core.paths import jupyter_runtime_dir

    try:
        return str(
            json.loads((Path(jupyter_runtime_dir()) / f"jpserver-{parent}.json").read_text())["base_url"]
        )
    except (OSError, ValueError, KeyError):
        return ""


def _ssh_hint(port: int) -> str:
    if "SSH_CONNECTION" not in os.environ:
        return ""
    return f"from your own machine, first: ssh -L {port}:127.0.0.1:{port} {os.uname().nodename}"
