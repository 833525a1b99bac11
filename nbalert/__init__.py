"""Alerts and approvals for Jupyter.

    %load_ext nbalert

    %%alert                          # the cell's result, or its traceback, goes to chat
    model = train(data); model.score(test)

    %%ask "Drop table users?"        # the cell waits until somebody approves in chat
    db.execute("DROP TABLE users")

How a message goes its way: a kernel writes it into the spool and says so on the line; the courier takes it
into its store and delivers it to a channel. Answers come back the same way.

    cell ─▶ CellRun ─▶ Message ─▶ spool ══▶ courier: intake ─▶ delivery ─▶ channel ─▶ chat
    cell ◀─ Decision ◀══════════ line ◀══ courier: ledger ◀─ listening ◀─ channel ◀─ chat
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from nbalert.errors import (
    AskError,
    CannotAsk,
    ChannelBusy,
    ChannelError,
    ChannelRefused,
    ChannelUnreachable,
    CourierError,
    NbalertError,
    NotApproved,
    SettingsError,
    StoreError,
    UnknownChannel,
)
from nbalert.message import Image, Level, Message, Posted, Receipt, Source
from nbalert.question import Decision, Outcome, Policy, Question, Reply

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbalert.asking import ask, ask_async
    from nbalert.channels.base import Channel
    from nbalert.fields import ChannelSettings
    from nbalert.posting import post, post_async

__version__ = "0.1.0.dev0"

__all__ = [
    "AskError",
    "CannotAsk",
    "Channel",
    "ChannelBusy",
    "ChannelError",
    "ChannelRefused",
    "ChannelSettings",
    "ChannelUnreachable",
    "CourierError",
    "Decision",
    "Image",
    "Level",
    "Message",
    "NbalertError",
    "NotApproved",
    "Outcome",
    "Policy",
    "Posted",
    "Question",
    "Receipt",
    "Reply",
    "SettingsError",
    "Source",
    "StoreError",
    "UnknownChannel",
    "ask",
    "ask_async",
    "post",
    "post_async",
]

_LAZY = {
    "Channel": "nbalert.channels.base",
    "ChannelSettings": "nbalert.fields",
    "ask": "nbalert.asking",
    "ask_async": "nbalert.asking",
    "post": "nbalert.posting",
    "post_async": "nbalert.posting",
}


def __getattr__(name: str) -> object:
    """What brings httpx or pydantic is imported at its first use: loading the extension brings neither."""
    if name not in _LAZY:
        raise AttributeError(f"module 'nbalert' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext nbalert`."""
    from nbalert import magics

    magics.load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext nbalert`."""
    from nbalert import magics

    magics.unload(shell)
