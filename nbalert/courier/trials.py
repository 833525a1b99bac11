"""Channels tried out at somebody's word: what keeps them from working, and a test that is really posted."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

from nbalert.channels.base import Channel, received
from nbalert.channels.carried import ChannelFault
from nbalert.courier.projects import NotReady, Projects
from nbalert.errors import ChannelError
from nbalert.fields import without_secrets
from nbalert.line import Frame
from nbalert.message import Message
from nbalert.network import Network

log = logging.getLogger(__name__)

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
        found = await self._tried(name, self._projects.using(str(frame["project"]), name), None)
        return list(found["problems"])

    async def draft(self, frame: Frame) -> dict[str, Any]:
        """Try a channel that stands in no settings yet: its problems, and without any a real message.

        Args:
            frame: `channel` is its name, `values` are checked and have their secrets, `network` is the way
                out, `message` is posted.

        Returns:
            `problems`, a line each; `link` to the message, empty where there is none.
        """
        name, network = str(frame["channel"]), Network.from_frame(frame["network"])
        drafted = self._projects.drafted(name, frame["values"], network)
        return await self._tried(name, drafted, Message.from_json(frame["message"]))

    async def _tried(
        self, name: str, found: AbstractContextManager[Channel], message: Message | None
    ) -> dict[str, Any]:
        try:
            with found as channel:
                async with asyncio.timeout(TRIAL_S):
                    if lines := await channel.problems():
                        return _failed(*(without_secrets(line, channel.settings) for line in lines))
                    receipt = message and received(channel, await channel.post(message, uuid4().hex))
                    return {"problems": [], "link": receipt.link if receipt else ""}
        except (NotReady, ChannelError) as error:
            return _failed(str(error))
        except TimeoutError:
            return _failed(f"{name}: no answer within {TRIAL_S:.0f} s")
        except ChannelFault as error:
            return _failed(str(error))
        except Exception as error:  # a custom kind's bug; its text may hold a secret
            log.exception("channel %s failed in its own code while it was tried", name)
            return _failed(f"{name}: {type(error).__name__} in the channel's own code")


def _failed(*lines: str) -> dict[str, Any]:
    return {"problems": list(lines), "link": ""}
