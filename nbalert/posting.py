"""`post()` and `post_async()`: say something now, from any code."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Unpack

from nbalert.backlink import backlink
from nbalert.commits import commit_of
from nbalert.errors import NbalertError
from nbalert.kernel_name import kernel_name
from nbalert.message import Level, Message, Posted, Source, Value
from nbalert.outbox import How
from nbalert.process import client

_KEPT = "(the alert is kept, and waits)"


def post(
    message: str | Message,
    *,
    channel: str | Sequence[str] | None = None,
    title: str = "",
    level: Level | str = Level.INFO,
    metadata: Mapping[str, Value] | None = None,
    topic: str = "",
    target: str = "",
    mention: str | Sequence[str] = (),
    raises: bool = True,
) -> Posted:
    """Accept a message: it is on disk when this returns, and leaves in the background.

    Args:
        message: A text, or a whole Message; `title`, `level` and `metadata` complete a text.
        channel: One name or several; None means the default channel, or with a topic who subscribes to it.
        title: First line; a text of one line is its own title.
        level: OK, INFO, WARNING or CRITICAL.
        metadata: Named fields.
        topic: What handlers of the settings subscribe to.
        target: Where else than its settings say the channel is to post it: an id of the service.
        mention: Ids of people of the service who are to be notified.
        raises: Whether a message that cannot be accepted raises. False returns a Posted that is false.

    Returns:
        What to wait on, if you want to; true in a condition: it is accepted.

    Raises:
        SettingsError: The settings are wrong, or UnknownChannel.
        OSError: The disk takes no more.
    """
    try:
        whole = _completed(message, title, level, metadata or {}, mention)
        return _post(replace(whole, topic=topic or whole.topic, target=target or whole.target), channel)
    except (NbalertError, OSError) as error:
        if raises:
            raise
        return Posted.refused(error)


async def post_async(
    message: str | Message,
    *,
    channel: str | Sequence[str] | None = None,
    title: str = "",
    level: Level | str = Level.INFO,
    metadata: Mapping[str, Value] | None = None,
    topic: str = "",
    target: str = "",
    mention: str | Sequence[str] = (),
    raises: bool = True,
) -> Posted:
    """`post` for coroutines: accepting takes no longer than a file, so it is done at once."""
    return post(
        message,
        channel=channel,
        title=title,
        level=level,
        metadata=metadata,
        topic=topic,
        target=target,
        mention=mention,
        raises=raises,
    )


def _post(message: Message, channel: str | Sequence[str] | None) -> Posted:
    sender = client()
    names = [channel] if channel is None or isinstance(channel, str) else list(channel)
    wanted = addressed([name or "" for name in names], message.topic)
    settings = sender.in_force
    channels = [settings.channel(name or None).name for name in wanted]
    if not message.source.host:
        message = replace(message, source=here(message.source))
    return sender.accept(message, channels)


def addressed(channels: Sequence[str], topic: str) -> list[str]:
    """Whom a sender names: who names a topic alone leaves it to those who subscribe to that.

    Args:
        channels: Names; empty ones stand for the default channel.
    """
    named = [name for name in channels if name]
    return named or ([] if topic else [""])


def leave(message: Message, channels: Sequence[str], **how: Unpack[How]) -> str:
    """Accept a message about something that cannot be done again: a fault keeps it waiting, and is no error.

    Args:
        channels: Names; an empty name is the default channel.
        how: As for `Client.accept`.

    Returns:
        The fault in one line, empty if there is none.
    """
    sender = client()
    fault, names = "", list(channels)
    try:
        settings = sender.in_force
        names = [settings.channel(name or None).name for name in channels]
        fault = why_waiting(names)
    except NbalertError as error:  # settings can be mended later
        fault = f"{error} {_KEPT}"
    try:
        sender.accept(message, names, **how)
    except OSError as error:
        return f"the alert could not be kept in {sender.home.spool}: {error.strerror}"
    return fault


def why_waiting(names: Sequence[str]) -> str:
    """What keeps an accepted alert from its channels until somebody mends it; empty if nothing is known.

    Args:
        names: Channels that there are.
    """
    problems = dict.fromkeys(filter(None, map(client().problem, names)))
    return f"{'; '.join(problems)} {_KEPT}" if problems else ""


def here(known: Source | None = None) -> Source:
    """What this process knows of where a message comes from, over what the caller knows."""
    host, user = _machine()
    sender, source = client(), known or Source()
    notebook = source.notebook or sender.notebook
    template = ""
    with suppress(NbalertError):  # wrong settings are told elsewhere
        template = sender.known.notebook_url
    link = source.link or backlink(template, notebook, source.cell_id)
    return replace(
        source,
        host=host,
        user=user,
        notebook=notebook,
        link=link,
        commit=commit_of(sender.folder),
        kernel=kernel_name(),
    )


@cache
def _machine() -> tuple[str, str]:
    return platform.node(), getpass.getuser()


def _completed(
    message: str | Message,
    title: str,
    level: Level | str,
    metadata: Mapping[str, Value],
    mention: str | Sequence[str],
) -> Message:
    whole = _message(message, title, level, metadata) if isinstance(message, str) else message
    people = (mention,) if isinstance(mention, str) else tuple(mention)
    return replace(whole, mention=people or whole.mention)


def _message(text: str, title: str, level: Level | str, metadata: Mapping[str, Value]) -> Message:
    chosen = level if isinstance(level, Level) else Level.parse(level)
    first, _, rest = text.strip().partition("\n")
    if title:
        return Message(title=title, text=text, level=chosen, metadata=metadata)
    return Message(title=first, text=rest.strip(), level=chosen, metadata=metadata)
