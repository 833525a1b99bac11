"""Draws the figures of a message, right before it leaves: one process at a time, for a bounded time."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import os
import signal
from dataclasses import replace
from typing import Any

from nbalert import draw
from nbalert.courier.store import Store
from nbalert.figures import HOW, UNDRAWN
from nbalert.message import Image, Message

log = logging.getLogger(__name__)

LIMIT_S = 20.0
"""For all figures of a message: kaleido takes two seconds for each. What is not drawn by then is named."""
ANSWER_BYTES = 64_000_000


class Drawings:
    """Drawn once a message, however many channels and tries: the store then has the pictures.

    Args:
        store: Has the messages.
        limit_s: For all figures of a message.
    """

    def __init__(self, store: Store, limit_s: float = LIMIT_S) -> None:
        self._store = store
        self._limit_s = limit_s
        self._turn = asyncio.Lock()

    async def drawn(self, id_: str, message: Message) -> Message:
        """The message with pictures in place of figures, or a line for each that could not be drawn."""
        if not any(image.mime == UNDRAWN for image in message.images):
            return message
        async with self._turn:
            row = self._store.row("SELECT body FROM message WHERE id = ?", id_)
            known = Message.from_json(json.loads(row["body"])) if row else message
            if any(image.mime == UNDRAWN for image in known.images):
                known = await _drawn(known, self._limit_s)
                body = json.dumps(known.to_json())
                self._store.execute("UPDATE message SET body = ? WHERE id = ?", body, id_)
        return replace(message, images=known.images, text=known.text)


async def _drawn(message: Message, limit_s: float) -> Message:
    orders = [json.loads(image.data) for image in message.images if image.mime == UNDRAWN]
    answers: list[dict[str, str]] = []
    try:
        async with asyncio.timeout(limit_s):
            await _ask(orders, answers)
    except (TimeoutError, OSError, ValueError) as error:  # a Python that is gone, an answer that is too large
        log.warning("figures were not drawn: %s", type(error).__name__)
    answers += [{"error": f"not within {limit_s:.0f} s"}] * (len(orders) - len(answers))
    images, lines, left = list[Image](), list[str](), iter(answers)
    for image in message.images:
        answer = next(left) if image.mime == UNDRAWN else {}
        if png := answer.get("png"):
            images.append(Image(base64.b64decode(png), "image/png", image.name))
        elif answer:
            lines.append(f"{image.name} is an interactive figure, and not drawn ({answer['error']}); {HOW}")
        else:
            images.append(image)
    return replace(message, images=tuple(images), text="\n".join(filter(None, (message.text, *lines))))


async def _ask(orders: list[dict[str, Any]], answers: list[dict[str, str]]) -> None:
    """Add what the kernel's own Python says of each figure, as far as it gets."""
    python, browser = str(orders[0]["python"]), str(orders[0]["browser"])
    process = await asyncio.create_subprocess_exec(
        *(python, "-P", draw.__file__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **({"BROWSER_PATH": browser} if browser else {})},
        start_new_session=True,
        limit=ANSWER_BYTES,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([order["figure"] for order in orders]).encode())
        process.stdin.close()
        while line := await process.stdout.readline():
            answers.append(json.loads(line))
    finally:
        with contextlib.suppress(ProcessLookupError):  # with its browser
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
