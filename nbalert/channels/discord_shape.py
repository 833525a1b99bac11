"""Message → what Discord is sent: the message's own native parts, a question, or an alert."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbalert.channels.discord_embeds import blocks
from nbalert.channels.discord_parts import Part, packed
from nbalert.channels.discord_question import question_blocks
from nbalert.message import Message

NATIVE = "discord"
PINGS = 60
"""People named in one message: their ids fit into the 2,000 characters of its content."""


def parts(message: Message, embed_title: str, has_timestamp: bool) -> list[Part]:
    """The messages it takes, in order, at least one.

    Raises:
        ChannelRefused: A question's code cannot be shown whole.
    """
    if given := message.native.get(NATIVE):
        return [Part({name: value for name, value in given.items() if name != "allowed_mentions"})]
    if message.question:
        return packed(question_blocks(message, message.question, has_timestamp))
    return packed(blocks(message, embed_title, has_timestamp))


def pings(message: Message | None) -> dict[str, Any]:
    """Who is notified: whom the message mentions on purpose, and nobody else."""
    return mention(message.mention if message else ())


def mention(people: Iterable[str]) -> dict[str, Any]:
    """Content and its only mentions. A role is written `&` and its id."""
    ids = list(dict.fromkeys(one for one in people if one.removeprefix("&").isdecimal()))[:PINGS]
    named = {
        "users": [one for one in ids if not one.startswith("&")],
        "roles": [one[1:] for one in ids if one.startswith("&")],
    }
    content = {"content": " ".join(f"<@{one}>" for one in ids)} if ids else {}
    return {**content, "allowed_mentions": {"parse": [], **{k: v for k, v in named.items() if v}}}
