from __future__ import annotations

import asyncio
import os
import signal

import pytest

import nbalert
from nbalert.home import Home
from nbalert.message import Level, Message
from tests.chat_servers.webhook import Webhook
from tests.processes import Script, wait_until


def arrived(chat: Webhook, count: int = 1) -> list[Message]:
    """So many messages, oldest first."""
    chat.until(lambda server: len(server.titles) >= count)
    return [Message.from_json(request.message) for request in chat.accepted]


def test_a_block_that_ends_well(chat: Webhook) -> None:
    """It is told with what it is and how long it took."""
    with nbalert.watching("training"):
        pass
    (message,) = arrived(chat)
    assert message.title.startswith("training finished in 0")
    assert (message.level, message.traceback) == (Level.OK, "")
    assert message.duration_s is not None
    assert message.source.host


def test_exceptions_pass_unchanged_and_are_told(chat: Webhook) -> None:
    """The very exception; the chat gets what it says and the frames of one's own code."""
    error = ValueError("no rows")
    with pytest.raises(ValueError, match="no rows") as raised, nbalert.watching("training"):
        raise error
    assert raised.value is error
    with pytest.raises(SystemExit), nbalert.watching("script"):
        raise SystemExit(2)
    with pytest.raises(KeyboardInterrupt), nbalert.watching("wait"):
        raise KeyboardInterrupt
    failed, left, interrupted = arrived(chat, 3)
    assert failed.title.startswith("training failed after")
    assert (failed.level, failed.error) == (Level.CRITICAL, "ValueError: no rows")
    assert "→" in failed.traceback
    assert "raise error" in failed.traceback
    assert (left.level, interrupted.level) == (Level.INFO, Level.WARNING)


def test_functions_of_both_kinds(chat: Webhook) -> None:
    """Each call is told; results and names pass, also of calls that overlap."""

    @nbalert.watching("load")
    def load(n: int, *, by: int = 2) -> int:
        """Loads."""
        return n * by

    @nbalert.watching("fetch", on="failure")
    async def fetch(n: int) -> int:
        await asyncio.sleep(0)
        if n:
            raise OSError("gone")
        return n

    async def both() -> tuple[int | BaseException, int | BaseException]:
        return await asyncio.gather(fetch(0), fetch(1), return_exceptions=True)

    assert (load(2, by=3), load.__name__, load.__doc__) == (6, "load", "Loads.")
    assert asyncio.iscoroutinefunction(fetch)
    well, ill = asyncio.run(both())
    assert (well, str(ill)) == (0, "gone")
    assert [m.title.split(" in ")[0].split(" after ")[0] for m in arrived(chat, 2)] == [
        "load finished",
        "fetch failed",
    ]


def test_which_ends_are_told(chat: Webhook) -> None:
    """`on` and `after` as the options of the magic; what they cannot be is said at once."""
    with nbalert.watching("well", on="failure"), nbalert.watching("short", after="1h"):
        pass
    with nbalert.watching("told", on="success"):
        pass
    assert [m.title.partition(" ")[0] for m in arrived(chat)] == ["told"]
    with pytest.raises(ValueError, match="choose one of always, failure, success"):
        nbalert.watching("x", on="never")


def test_an_unknown_channel_is_no_error(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """What ran for hours is not to fail for a typo: one line says so, and the message waits."""
    with nbalert.watching("training", channel="nowhere"):
        pass
    assert "unknown channel 'nowhere'" in capsys.readouterr().err


def test_a_process_that_dies_within_is_told(detached: Home, chat: Webhook) -> None:
    """Killed, it tells nothing any more; the courier does. A child that was forked within tells nothing."""
    code = """
import os, nbalert
with nbalert.watching("training"):
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    nbalert.post("ready").wait()
    print("ready", flush=True)
    input()
"""
    with Script(code, folder=detached.root) as script:
        assert script.line() == "ready"
        wait_until(lambda: chat.titles == ["ready"])
        os.kill(script.pid, signal.SIGKILL)
        died = arrived(chat, 2)[-1]
    assert died.title.startswith("training: the process died after")
