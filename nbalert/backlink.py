"""The way back from a chat to the notebook: by the settings' template, else to its Jupyter server."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote


class _Server(NamedTuple):
    """The Jupyter server that runs this kernel: where it listens, and the folder that it shows."""

    url: str
    root: Path


def backlink(template: str, notebook: str, cell_id: str) -> str:
    """Where the notebook can be opened; empty where that is unknown. Never holds a token.

    Args:
        template: As the setting `notebook_url`: `{path}` becomes the notebook's path below the folder that
            the server shows, `{cell_id}` the cell's id, `{prefix}` that of the user's server on a hub.
        notebook: Path; empty outside one.
        cell_id: The front end's; may be empty.
    """
    if not notebook:
        return ""
    server = _server(os.environ.get("JPY_PARENT_PID", ""))
    path = quote(_below(Path(notebook), server.root if server else None))
    if template:
        prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")
        return (
            template.replace("{prefix}", prefix).replace("{path}", path).replace("{cell_id}", quote(cell_id))
        )
    return f"{server.url.rstrip('/')}/lab/tree/{path}" if server else ""


def _below(notebook: Path, root: Path | None) -> str:
    if root and notebook.is_relative_to(root):
        return notebook.relative_to(root).as_posix()
    return notebook.name


@cache
def _server(pid: str) -> _Server | None:
    """From the file that the server leaves in Jupyter's runtime folder; its token is not looked at."""
    if not pid.isdecimal():
        return None
    from jupyter_core.paths import jupyter_runtime_dir  # ipykernel brings it

    try:
        known = json.loads((Path(jupyter_runtime_dir()) / f"jpserver-{pid}.json").read_text("utf-8"))
        return _Server(str(known["url"]), Path(known["root_dir"]))
    except (OSError, ValueError, KeyError, TypeError):  # no server, or one of another make
        return None
