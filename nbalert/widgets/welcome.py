"""Where alerts go while no channel is set up: one line below the first alerted cell of a notebook."""

from __future__ import annotations

import html
import os
import sys
import threading
import time
from typing import Any
from uuid import uuid4

from nbalert.client import Client
from nbalert.errors import CourierError
from nbalert.forks import whole_modules
from nbalert.inbox_link import inbox_link
from nbalert.limits import BUILT_IN
from nbalert.settings import Settings

CODE_S = 100.0
"""A code in a link is good for two minutes; before that the link is taken out again."""
SAYS = "nbalert: no channel is set up, so alerts go to the inbox of this machine"
HOW = "%nbalert inbox opens it, %nbalert config sets up a chat"

_is_settled = False


def say_once(client: Client, shell: Any) -> None:
    """Say it once a process, where somebody sits before the notebook and had set nothing up by then."""
    global _is_settled
    if _is_settled:
        return
    is_bare, _is_settled = _is_bare(client.settings), True
    if not is_bare:
        return
    if hasattr(shell, "kernel") and "JPY_SESSION_NAME" in os.environ:
        _show(client)
    elif not hasattr(shell, "kernel") and sys.stderr.isatty():
        print(f"{SAYS}: {HOW}", file=sys.stderr)


def _is_bare(settings: Settings) -> bool:
    return set(settings.channels) == {BUILT_IN} and settings.channels[BUILT_IN].origin.file == "built-in"


def _show(client: Client) -> None:
    """At once without the link: the courier may just be starting, and the cell does not wait for it."""
    from IPython.display import display

    name = f"nbalert-{uuid4().hex}"
    display(_data(), raw=True, display_id=name)
    threading.Thread(target=_link, args=(client, name), name="nbalert-welcome", daemon=True).start()


def _link(client: Client, name: str) -> None:
    """With a link while its code is good; what stays in the notebook has none."""
    with whole_modules():
        from IPython.display import update_display
    try:
        link = inbox_link(client)
    except CourierError:
        return
    update_display(_data(link.url, link.hint), raw=True, display_id=name)
    time.sleep(CODE_S)
    update_display(_data(), raw=True, display_id=name)


def _data(url: str = "", hint: str = "") -> dict[str, str]:
    says, how = html.escape(SAYS), html.escape(HOW)
    anchor = f'<a href="{html.escape(url)}" target="_blank" rel="noopener">open it</a>. ' if url else ""
    ssh = f"<br><code>{html.escape(hint)}</code>" if hint else ""
    return {
        "text/plain": f"{SAYS}: {HOW}",
        "text/html": f'<div class="nbalert-welcome" style="opacity:.75;font-size:92%">{says}: '
        f"{anchor}{how}{ssh}</div>",
    }
