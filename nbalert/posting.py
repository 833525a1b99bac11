"""`post()` and `post_async()`: say something now, from any code."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache

from nbalert.backlink import backlink
from nbalert.commits import commit_of
from nbalert.errors import NbalertError
from nbalert.message import Level, Message, Posted, Source, Value
from nbalert.process import client


def post(
    message: str | Message,
    *,
    channel: str | Sequence[str] | None = None,
    title: str = "",
    level: Level | str = Level.INFO,
    metadata: Mapping[str, Value] | None = None,
) -> Posted:
    """Accept a message: it is on disk when this returns, and leaves in the background.

    Args:
        message: A text, or a whole Message; the other arguments but `channel` complete a text.
        channel: One name or several; None means the default channel.
        title: First line; a text of one line is its own title.
        level: OK, INFO, WARNING or CRITICAL.
        metadata: Named fields.

    Returns:
        What to wait on, if you want to; true in a condition.

    Raises:
        SettingsError: The settings are wrong, or UnknownChannel.
        OSError: The disk takes no more.
    """
    sender = client()
    names = [channel] if channel is None or isinstance(channel, str) else list(channel)
    channels = [sender.settings.channel(name).name for name in names]
    whole = _message(message, title, level, metadata or {}) if isinstance(message, str) else message
    if not whole.source.host:
        whole = replace(whole, source=here(whole.source))
    return sender.accept(whole, channels)


async def post_async(
    message: str | Message,
    *,
    channel: str | Sequence[str] | None = None,
    title: str = "",
    level: Level | str = Level.INFO,
    metadata: Mapping[str, Value] | None = None,
) -> Posted:
    """`post` for coroutines: accepting takes no longer than a file, so it is done at once."""
    return post(message, channel=channel, title=title, level=level, metadata=metadata)


def leave(message: Message, channels: Sequence[str]) -> str:
    """Accept a message about something that cannot be done again: a fault keeps it waiting, and is no error.

    Args:
        channels: Names; an empty name is the default channel.

    Returns:
        The fault in one line, empty if there is none.
    """
    sender = client()
    fault, names = "", list(channels)
    try:
        names = [sender.settings.channel(name or None).name for name in channels]
    except NbalertError as error:  # settings can be mended later
        fault = f"{error} (the alert is kept, and waits)"
    try:
        sender.accept(message, names)
    except OSError as error:
        return f"the alert could not be kept in {sender.home.spool}: {error.strerror}"
    return fault


def here(known: Source | None = None) -> Source:
    """What this process knows of where a message comes from, over what the caller knows."""
    host, user = _machine()
    sender, source = client(), known or Source()
    notebook = source.notebook or sender.notebook
    template = ""
    with suppress(NbalertError):  # wrong settings are told elsewhere
        template = sender.settings.notebook_url
    link = source.link or backlink(template, notebook, source.cell_id)
    return replace(
        source, host=host, user=user, notebook=notebook, link=link, commit=commit_of(sender.folder)
    )


@cache
def _machine() -> tuple[str, str]:
    return platform.node(), getpass.getuser()


def _message(text: str, title: str, level: Level | str, metadata: Mapping[str, Value]) -> Message:
    chosen = level if isinstance(level, Level) else Level.parse(level)
    first, _, rest = text.strip().partition("\n")
    if title:
        return Message(title=title, text=text, level=chosen, metadata=metadata)
    return Message(title=first, text=rest.strip(), level=chosen, metadata=metadata)
