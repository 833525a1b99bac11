"""Works channels in this process, at the courier's request: classes that the courier's process does not have.

The courier says what to do, and when to do it again; here it is done, on a thread and an event loop of their
own: neither the user's loop nor the thread that reads the line runs a channel's code.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from nbalert import channels
from nbalert.channels.base import Channel, received
from nbalert.channels.carried import packed
from nbalert.channels.registry import registered
from nbalert.channels.shelf import Shelf
from nbalert.courier.project import Project
from nbalert.line import Frame
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Question
from nbalert.settings import Settings

log = logging.getLogger(__name__)

CLOSE_S = 2.0
REPLY_CHARS = 100_000
"""No word is that long; a longer reason is cut, so that an answer is never too large for the line."""


def able(project: Project) -> dict[str, int]:
    """The project's channels that this process can work itself, should the courier not have their kinds.

    Returns:
        Name → number of its class's registration; 0 for one that a package of this environment brings.
    """
    own = registered()
    mine = {name: own[kind].number for name, kind in project.foreign.items() if kind in own}
    brought = (name for name, values in project.channels.items() if values["kind"] not in channels.KINDS)
    return {**mine, **dict.fromkeys(brought, 0)}


class Workbench:
    """The thread, its loop, and the calls of the courier that it works.

    Args:
        settings: Gives them as they are now.
        say: Sends a frame to the courier; what cannot be sent is asked for again.
    """

    def __init__(self, settings: Callable[[], Settings], say: Callable[[Frame], None]) -> None:
        self._say = say
        self._shelf = Shelf(settings)
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._parts: dict[str, list[str]] = {}
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        # A daemon: a channel that hangs must not keep its process from ending.
        self._thread = threading.Thread(target=self._run, name="nbalert-workbench", daemon=True)
        self._thread.start()

    def take(self, frame: Frame) -> None:
        """Begin or stop what the courier says; returns at once."""
        self._soon(self._begin if frame["event"] == "work" else self._stop, frame)

    def drop(self) -> None:
        """Stop everything: the courier that wanted it is gone, and the next one will ask anew."""
        self._soon(self._stop_all)

    def renew(self) -> None:
        """A class was registered: close what was built of an earlier one."""
        self._soon(self._shelf.drop_outdated)

    def close(self) -> None:
        """Stop everything, close the channels, end the thread."""
        self._soon(self._end.set)
        self._thread.join(CLOSE_S)

    def _soon(self, what: Callable[..., None], *values: object) -> None:
        with contextlib.suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(what, *values)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        self._loop.set_exception_handler(_note)
        await self._end.wait()
        self._stop_all()
        await asyncio.gather(*self._calls.values(), return_exceptions=True)
        await self._shelf.aclose()

    def _begin(self, frame: Frame) -> None:
        """A call comes in parts: a message with its pictures may be too long for one frame."""
        call = frame["call"]
        self._parts.setdefault(call, []).append(frame["part"])
        if frame["is_last"]:
            body = json.loads("".join(self._parts.pop(call)))
            self._calls[call] = asyncio.ensure_future(self._work(call, frame["channel"], body))
            self._calls[call].add_done_callback(lambda _: self._calls.pop(call, None))

    def _stop(self, frame: Frame) -> None:
        self._parts.pop(frame["call"], None)
        if task := self._calls.get(frame["call"]):
            task.cancel()

    def _stop_all(self) -> None:
        self._parts.clear()
        for task in self._calls.values():
            task.cancel()

    async def _work(self, call: str, name: str, body: Mapping[str, Any]) -> None:
        channel = None
        try:
            with self._shelf.using(name, body.get("look")) as channel:
                end = await self._do(call, channel, body)
        except (
            BaseException
        ) as error:  # a notebook's code may raise anything, and the courier waits for a word
            end = {"error": packed(error, channel)}
        self._say({"do": "worked", "call": call, **end})

    async def _do(self, call: str, channel: Channel, body: Mapping[str, Any]) -> Frame:
        if body["does"] == "post":
            posted = await channel.post(Message.from_json(body["message"]), body["key"])
            return {"receipt": received(channel, posted).to_json()}
        if body["does"] == "problems":
            return {"problems": [str(line) for line in await channel.problems()]}
        receipt = Receipt.from_json(body["receipt"])
        if body["does"] == "renew":
            renewed = await channel.renew(receipt, Message.from_json(body["message"]), body["key"])
            return {"receipt": received(channel, renewed).to_json()}
        if body["does"] == "update":
            await channel.update(receipt, Message.from_json(body["message"]))
        elif body["does"] == "respond":
            await channel.respond(receipt, Reply.from_json(body["reply"]), body["text"])
        elif body["does"] == "remind":
            await channel.remind(receipt, Message.from_json(body["message"]), body["key"])
        else:
            await self._bring(call, channel, Question.from_json(body["question"]), receipt)
        return {}

    async def _bring(self, call: str, channel: Channel, question: Question, receipt: Receipt) -> None:
        async with aclosing(channel.replies(question, receipt)) as replies:  # type: ignore[type-var]
            async for reply in replies:
                short = replace(reply, text=reply.text[:REPLY_CHARS])
                self._say({"do": "brought", "call": call, "reply": short.to_json()})


def _note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error in a task of the channel's own: asyncio would write it into the notebook, secrets and all."""
    log.debug("%s", context["message"])
