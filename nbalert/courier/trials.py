"""Channels tried out at somebody's word: what they lack, a test that is really posted, who is there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any
from uuid import uuid4

from nbalert.channels.base import Channel, received
from nbalert.channels.carried import ChannelFault
from nbalert.courier.projects import NotReady, Projects
from nbalert.courier.trial_asks import answered
from nbalert.errors import CannotAsk, ChannelError
from nbalert.fields import without_secrets
from nbalert.line import Frame
from nbalert.message import Message
from nbalert.network import Network

log = logging.getLogger(__name__)

Action = Callable[[Channel], Awaitable[dict[str, Any]]]

TRIAL_S = 25.0
"""How long a service is given: whoever tries sits before the screen."""


class Trials:
    """Used on the courier's loop; nothing that is tried gets into the store."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    async def problems(self, frame: Frame) -> list[str]:
        """What keeps a channel from working, a line each; empty if nothing is known.

        Args:
            frame: `project` and `channel` name it.
        """
        name = str(frame["channel"])
        found = await _guarded(name, self._projects.using(str(frame["project"]), name), _lacking)
        return list(found["problems"])

    async def draft(self, frame: Frame) -> dict[str, Any]:
        """Try a channel that stands in no settings yet: its problems, and without any a real message.

        Args:
            frame: `channel` is its name, `values` are checked and have their secrets, `network` is the way
                out, `message` is posted; where it asks something, an answer is waited for.

        Returns:
            `problems`, a line each; `link` to the message, empty where there is none; of a question `answer`
            and `ignored`.
        """
        message = Message.from_json(frame["message"])
        return await self._drafted(frame, partial(_posted, message=message))

    async def members(self, frame: Frame) -> dict[str, Any]:
        """Who is where such a channel leads.

        Args:
            frame: As for `draft`, without a message.

        Returns:
            `problems`, a line each; `members`, a pair of id and name each, none where that cannot be known.
        """
        return await self._drafted(frame, _members)

    async def _drafted(self, frame: Frame, action: Action) -> dict[str, Any]:
        name, network = str(frame["channel"]), Network.from_frame(frame["network"])
        return await _guarded(name, self._projects.drafted(name, frame["values"], network), action)


async def _guarded(name: str, found: AbstractContextManager[Channel], action: Action) -> dict[str, Any]:
    """What is done with a channel, or what went wrong with it as `problems`."""
    try:
        with found as channel:
            done = await action(channel)
            lines = [without_secrets(line, channel.settings) for line in done.get("problems", ())]
            return {**_failed(*lines), **{key: done[key] for key in done if key != "problems"}}
    except (NotReady, ChannelError, CannotAsk, ChannelFault) as error:
        return _failed(str(error))
    except TimeoutError:
        return _failed(f"{name}: no answer within {TRIAL_S:.0f} s")
    except Exception as error:  # a custom kind's bug; its text may hold a secret
        log.exception("channel %s failed in its own code while it was tried", name)
        return _failed(f"{name}: {type(error).__name__} in the channel's own code")


async def _lacking(channel: Channel) -> dict[str, Any]:
    async with asyncio.timeout(TRIAL_S):
        return {"problems": await channel.problems()}


async def _posted(channel: Channel, message: Message) -> dict[str, Any]:
    async with asyncio.timeout(TRIAL_S):
        if lines := await channel.problems():
            return {"problems": lines}
        receipt = received(channel, await channel.post(message, uuid4().hex))
    if message.question is None:
        return {"link": receipt.link}
    return {"link": receipt.link, **await answered(channel, receipt, message, message.question)}


async def _members(channel: Channel) -> dict[str, Any]:
    async with asyncio.timeout(TRIAL_S):
        return {"members": [list(member) for member in await channel.members()]}


def _failed(*lines: str) -> dict[str, Any]:
    return {"problems": list(lines), "link": ""}
