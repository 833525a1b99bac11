"""Figures of plotly become pictures on the courier's side, by the Python of the kernel that made them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from nbalert.courier.drawings import Drawings
from nbalert.figures import FIGURE_BYTES, UNDRAWN, undrawn
from nbalert.home import Home
from nbalert.message import Image, Message
from tests.chat_servers.webhook import Webhook, status
from tests.courier.rooms import Rooms, run

PNG = b"\x89PNG\r\n\x1a\n"


def figure(*heights: float) -> Any:
    """As a notebook gets it."""
    return json.loads(go.Figure(go.Bar(y=list(heights))).to_json())


def by(python: object) -> Image:
    """A figure of a kernel with another Python."""
    order = {"python": str(python), "browser": "", "figure": figure(1)}
    return Image(json.dumps(order).encode(), UNDRAWN, "figure-1.png")


def drawn(home: Home, message: Message, limit_s: float = 20) -> Message:
    """As it leaves; twice, the second time as the store has it."""
    found: list[Message] = []

    async def work(rooms: Rooms) -> None:
        id_ = rooms.accept(message)
        found.append(await Drawings(rooms.store, limit_s).drawn(id_, message))
        assert found[0] == await Drawings(rooms.store, 0).drawn(id_, message)

    run(home, work)
    return found[0]


def test_figures_arrive_as_pictures(home: Home) -> None:
    """In their place among the others, once for all channels and tries."""
    if not shutil.which("chromium"):
        pytest.skip("needs Chromium: apt-get install chromium")
    first, last = undrawn(figure(1, 3), "figure-1.png"), undrawn(figure(2), "figure-3.png")
    assert isinstance(first, Image)
    assert isinstance(last, Image)
    images = (first, Image(b"other", name="figure-2.png"), last)
    with Webhook() as server:
        server.plan(status(500))

        async def work(rooms: Rooms) -> None:
            rooms.learn(server.url)
            posted = rooms.accept(Message(title="x", images=images))
            await rooms.until(lambda: rooms.settled == [posted])
            body = rooms.store.row("SELECT body FROM message")
            assert body is not None
            assert UNDRAWN not in body["body"]

        run(home, work)
        (again,) = server.accepted
        arrived = Message.from_json(json.loads(again.body)["data"])
    assert [(i.name, i.mime) for i in arrived.images] == [(f"figure-{n}.png", "image/png") for n in (1, 2, 3)]
    assert [i.data.startswith(PNG) for i in arrived.images] == [True, False, True]
    assert arrived.images[0] != arrived.images[2]
    assert arrived.text == ""


def test_a_python_without_kaleido(home: Home) -> None:
    """The message goes without the picture, and says how to get one."""
    message = drawn(
        home, Message(title="x", text="said", images=(by(Path(sys.base_prefix) / "bin" / "python3"),))
    )
    assert message.images == ()
    said, line = message.text.splitlines()
    assert said == "said"
    assert line.startswith("figure-1.png is an interactive figure, and not drawn (ModuleNotFoundError: ")
    assert line.endswith("pip install kaleido")


def test_a_python_that_is_gone(home: Home, tmp_path: Path) -> None:
    """A kernel's container may have ended: the other pictures go along."""
    other = Image(b"other", name="figure-2.png")
    message = drawn(home, Message(title="x", images=(by(tmp_path / "gone"), other)))
    assert message.images == (other,)
    assert "figure-1.png is an interactive figure" in message.text


def test_a_browser_that_hangs(home: Home, tmp_path: Path) -> None:
    """It is ended, with all that it has started, and the message leaves."""
    python, pid = tmp_path / "python", tmp_path / "pid"
    python.write_text(f"#!/bin/sh\nsleep 300 & echo $! > {pid}\nwait\n")
    python.chmod(0o755)
    message = drawn(home, Message(title="x", images=(by(python),)), limit_s=1)
    assert "(not within 1 s)" in message.text
    with pytest.raises(ProcessLookupError):
        asyncio.run(_is_gone(int(pid.read_text())))


async def _is_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while True:
            os.kill(pid, 0)
            await asyncio.sleep(0.05)


def test_what_is_no_figure_and_what_is_too_large() -> None:
    """Each is named in one line."""
    assert undrawn({"data": object()}, "figure-1.png") == "figure-1.png is left out: it is no figure"
    large = undrawn({"data": "x" * FIGURE_BYTES}, "figure-1.png")
    assert large == "figure-1.png is left out: its data has 8.0 MB"
