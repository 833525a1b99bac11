from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import nbalert
from nbalert import channels
from nbalert.channels.registry import registered
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Question
from tests.chat_servers.webhook import Webhook
from tests.file_chat import CLASS
from tests.processes import Script


class Good(nbalert.Channel):
    """Lacks nothing."""

    kind = "good"
    Settings = nbalert.ChannelSettings

    async def post(self, message: Message, key: str) -> Receipt:
        """Say nothing."""
        return Receipt(channel=self.name, reference=key)


def post(self: Any, message: Message, key: str) -> None:
    """No coroutine."""


async def listen(self: Any, question: Question, receipt: Receipt) -> list[Reply]:
    """All at once."""
    return []


async def replies(self: Any, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
    """None."""
    return
    yield


def init(self: Any) -> None:
    """Takes nothing."""


BAD: dict[str, tuple[object, str]] = {
    "instance": (7, "int cannot be registered: it is not a class derived from nbalert.Channel"),
    "other class": (dict, "dict cannot be registered: it is not a class derived from nbalert.Channel"),
    "no kind": (type("C", (nbalert.Channel,), {}), 'C .*: kind has to be a short name: kind = "mychat"'),
    "kind": (type("C", (Good,), {"kind": "my chat!"}), "kind has to be a short name"),
    "settings": (type("C", (Good,), {"Settings": dict}), "Settings has to be nbalert.ChannelSettings or"),
    "no post": (
        type("C", (nbalert.Channel,), {"kind": "c", "Settings": nbalert.ChannelSettings}),
        "C cannot be registered: post is missing",
    ),
    "post": (type("C", (Good,), {"post": post}), "post has to be written as async def"),
    "update": (type("C", (Good,), {"update": post}), "update has to be written as async def"),
    "replies": (type("C", (Good,), {"replies": listen}), "replies has to yield its answers"),
    "can reply": (type("C", (Good,), {"can_reply": True}), "can_reply has to be True where there is a"),
    "cannot": (type("C", (Good,), {"replies": replies}), "can_reply has to be True where there is a"),
    "init": (type("C", (Good,), {"__init__": init}), "__init__ has to take the channel's name and its"),
    "built in": (
        type("C", (Good,), {"kind": "inbox"}),
        "the kind 'inbox' is nbalert.channels.inbox:InboxChannel and cannot be taken over; choose another",
    ),
}


@pytest.mark.parametrize(("cls", "says"), BAD.values(), ids=BAD)
def test_what_a_class_lacks(cls: Any, says: str) -> None:
    """It is said in one line, and nothing is registered."""
    with pytest.raises(nbalert.SettingsError, match=says) as caught:
        nbalert.register(cls)
    assert "\n" not in str(caught.value)
    assert registered() == {}


def test_kinds() -> None:
    """A registered kind is listed, and has its class; registering again replaces that, and is counted."""
    code = (
        f"{CLASS}\n"
        "from nbalert import channels\n"
        "from nbalert.channels.registry import registered\n"
        "print(channels.kinds()['files'], channels.channel_class('files') is FileChat)\n"
        "first = registered()['files'].number\n"
        "class Newer(FileChat): pass\n"
        "print(nbalert.register(Newer) is Newer, channels.channel_class('files') is Newer)\n"
        "print(registered()['files'].number > first)\n"
    )
    with Script(code) as script:
        assert script.line() == "__main__:FileChat (registered) True"
        assert script.line() == "True True"
        assert script.line() == "True"
        assert script.end() == 0  # killed, it would leave a courier that begins


def test_an_unknown_kind_says_how_to_add_one() -> None:
    """Where the class is not registered."""
    with pytest.raises(nbalert.SettingsError, match=r"known kinds: .*inbox.*; nbalert\.register adds"):
        channels.channel_class("files")


@pytest.mark.parametrize("kind", channels.SETTINGS)
def test_settings_without_a_class_are_those_of_the_class(kind: str) -> None:
    """What a kernel checks is what the courier builds the channel of."""
    assert channels.settings_class(kind) is channels.channel_class(kind).Settings


def test_a_process_that_posts_imports_no_client(chat: Webhook) -> None:
    """Checking its settings takes no httpx, which is 25 ms and 6 MiB: only the courier speaks HTTP."""
    code = 'import nbalert, sys; nbalert.post("x").wait(30); print("httpx" in sys.modules, flush=True)'
    with Script(code) as script:
        assert script.line() == "False"
