"""The inbox: messages a second, the page in a browser when there are very many, and when all readers see one.

The server is a process of its own, as the courier is; senders, readers and browser are others.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, expect, sync_playwright

from nbalert.message import Level, Message
from tests.benchmarks.figures import Figure, Scale
from tests.benchmarks.service import Service
from tests.benchmarks.stored import fill
from tests.browser.conftest import FLAGS
from tests.processes import Script

TITLE = "Inbox"
POSTS, OPENS, PUSHES = 300, 5, 30
SIZES, READERS = (1_000, 10_000, 100_000), (1, 10, 100)
EACH = 20
"""Streams of one person: a few more, and the oldest is given up."""
PAGE_MS = 1000.0
SERVE = """
import sys
from pathlib import Path
from tests.inboxes import Inbox
with Inbox(Path(sys.argv[1])) as inbox:
    print(inbox.url, inbox.server.sender_token("courier"), flush=True)
    for name in sys.stdin:
        print(inbox.server.link(name.strip()), flush=True)
""".replace("sys.argv[1]", "{folder!r}")


class Served:
    """An inbox that a process serves.

    Args:
        script: Tells of links.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self.url, token = script.line().split()
        self.sender = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
        )

    def link(self, person: str) -> str:
        """That signs them in, once."""
        self._script.tell(person)
        return self._script.line()

    def cookie(self, person: str) -> str:
        """Of somebody who is signed in."""
        url, _, code = self.link(person).partition("#code=")
        with httpx.Client(headers={"Origin": self.url}, trust_env=False) as client:
            client.post(f"{url.rstrip('/')}/api/session", json={"code": code}).raise_for_status()
            return "; ".join(f"{name}={value}" for name, value in client.cookies.items())

    def post(self, key: str) -> None:
        """A message comes."""
        body = {"key": key, "message": Message(title=f"train {key}", level=Level.OK).to_json()}
        self.sender.post("/api/messages", json=body).raise_for_status()


def measure(scale: Scale) -> Iterator[Figure]:
    """As the archive grows; readers last."""
    with tempfile.TemporaryDirectory() as folder, _browser() as browser:
        for size in scale.steps(*SIZES):
            fill(Path(folder) / "home" / "inbox.db", size)
            with _served(folder) as served:
                yield from _posts(served, size, scale)
                yield _opened(served, browser, size, scale)
    with Service() as floor, httpx.Client(trust_env=False) as client:
        times = [_took_ms(lambda: client.post(floor.url, json={})) for _ in range(scale.times(POSTS))]
    yield Figure(TITLE, "a message is posted, one after another", "floor", "ms", tuple(times), SIZES[0])
    with tempfile.TemporaryDirectory() as folder, _served(folder) as served:
        for readers in scale.steps(*READERS):
            times = asyncio.run(_pushed(served, readers, scale.times(PUSHES)))
            yield Figure(
                TITLE, "posted → the last of so many readers has it", "nbalert", "ms", tuple(times), readers
            )


@contextmanager
def _served(folder: str) -> Iterator[Served]:
    with Script(SERVE.format(folder=folder)) as script:
        served = Served(script)
        with served.sender:
            yield served


@contextmanager
def _browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


def _posts(served: Served, size: int, scale: Scale) -> Iterator[Figure]:
    times = [_took_ms(lambda n=n: served.post(f"{size} {n}")) for n in range(scale.times(POSTS))]
    yield Figure(TITLE, "a message is posted, one after another", "nbalert", "ms", tuple(times), size)
    rates = tuple(1000 / ms for ms in times)
    yield Figure(TITLE, "messages of one sender", "nbalert", "1/s", rates, size)


def _opened(served: Served, browser: Browser, size: int, scale: Scale) -> Figure:
    """From the address to the newest message on the page, live; nothing of it is kept by the browser."""
    times = []
    for number in range(scale.times(OPENS) + 1):
        context = browser.new_context()
        page = context.new_page()
        page.goto(served.link(f"reader {number}"))
        expect(page.locator("#link")).to_have_text("Live")
        began = time.monotonic()
        page.goto(served.url)
        page.locator("article").last.wait_for()
        expect(page.locator("#link")).to_have_text("Live")
        times.append((time.monotonic() - began) * 1000)
        context.close()
    return Figure(TITLE, "page opened, messages in it", "nbalert", "ms", tuple(times[1:]), size, PAGE_MS)


async def _pushed(served: Served, readers: int, count: int) -> list[float]:
    """Milliseconds of each message, from before it is posted until the last reader has it."""
    cookies = [served.cookie(f"ann {number}") for number in range(-(-readers // EACH))]
    streams = [await _stream(served.url, cookies[number // EACH]) for number in range(readers)]
    times = []
    for number in range(count):
        key = f"{readers} pushed {number}"
        began = time.monotonic()
        posted = asyncio.to_thread(served.post, key)
        await asyncio.gather(posted, *(reader.readuntil(f'train {key}"'.encode()) for reader, _ in streams))
        times.append((time.monotonic() - began) * 1000)
    for _, writer in streams:
        writer.close()
    return times


async def _stream(url: str, cookie: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An open stream of events, after its first one."""
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port, limit=2**22)
    lines = ("GET /api/events HTTP/1.1", f"Host: {address.netloc.decode()}", f"Cookie: {cookie}", "", "")
    writer.write("\r\n".join(lines).encode())
    await reader.readuntil(b"event: hello")
    return reader, writer


def _took_ms(work: object) -> float:
    began = time.monotonic()
    work()  # type: ignore[operator]
    return (time.monotonic() - began) * 1000
