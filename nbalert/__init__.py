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

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbalert.asking import ask, ask_async
    from nbalert.channels.base import Channel
    from nbalert.errors import (
        AskError,
        CannotAsk,
        ChannelBusy,
        ChannelDenied,
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
    from nbalert.fields import ChannelSettings
    from nbalert.guarding import requires_approval
    from nbalert.message import Image, Level, Message, Posted, Receipt, Source
    from nbalert.policy import Policy, Reply
    from nbalert.posting import post, post_async
    from nbalert.question import Decision, Outcome, Question
    from nbalert.registering import register
    from nbalert.spans import watching

__version__ = "0.1.0.dev0"

__all__ = [
    "AskError",
    "CannotAsk",
    "Channel",
    "ChannelBusy",
    "ChannelDenied",
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
    "register",
    "requires_approval",
    "watching",
]

_PLACES = (
    "errors",
    "question",
    "policy",
    "message",
    "posting",
    "fields",
    "channels.base",
    "asking",
    "guarding",
    "registering",
    "spans",
)


def __getattr__(name: str) -> object:
    """Public names are imported at their first use: loading the extension needs none of them."""
    if name in __all__:
        for place in _PLACES:
            module = import_module(f"nbalert.{place}")
            if getattr(getattr(module, name, None), "__module__", "") == module.__name__:
                return getattr(module, name)
    raise AttributeError(f"module 'nbalert' has no attribute {name!r}")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext nbalert`."""
    from nbalert import extension

    extension.load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext nbalert`."""
    from nbalert import extension

    extension.unload(shell)
