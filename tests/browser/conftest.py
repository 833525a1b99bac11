"""Fixtures of tests in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.jupyterlab import Lab
from tests.inboxes import Inbox

OpenPage = Callable[..., Page]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Without a sandbox, because tests may run as root; and nothing that calls home."""

expect.set_options(timeout=30_000)  # five seconds are few for a kernel's first cell on a busy machine


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests here; each opens a context of its own.

    It is gone with the last of them: while Playwright's sync interface lives, no other test can run a loop.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """One JupyterLab for all tests here; each opens notebooks of its own."""
    with Lab(tmp_path_factory.mktemp("lab"), request.config.getoption("--courier")) as lab:
        yield lab


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """A served inbox."""
    with Inbox(tmp_path) as inbox:
        yield inbox


@pytest.fixture
def open_page(browser: Browser, inbox: Inbox) -> Iterator[OpenPage]:
    """`open_page(person, **context)` opens the inbox by a link; no error may show up in the page."""
    contexts, errors = [], []

    def open_(person: str, **options: Any) -> Page:
        context = browser.new_context(reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if "Security Policy" in line.text else None)
        page.goto(inbox.server.link(person) if person else inbox.url)
        if person:
            expect(page.locator("#link")).to_have_text("Live")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []
