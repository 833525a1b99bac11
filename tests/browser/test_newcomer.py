"""The first ten minutes: from nothing to an alert, a channel of one's own, and an answered question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from nbalert.settings import load
from tests.browser.jupyterlab import Lab, Notebook
from tests.chat_servers.webhook import Webhook

pytestmark = pytest.mark.long

CELLS = (
    "%load_ext nbalert",
    '%%alert -t "First alert"\nsum(range(10))',
    "%nbalert config",
    '%alert -c ci "Hello, channel"',
    '%%ask "Drop table users?" -c inbox\nprint("dropped")',
    "%nbalert history",
)


@pytest.fixture
def notebook(browser: Browser, tmp_path: Path, mode: str) -> Iterator[tuple[Lab, Notebook]]:
    """A JupyterLab of its own with a fresh home, and a notebook in it."""
    with Lab(tmp_path, mode) as lab:
        page = lab.open(browser, "first.ipynb", *CELLS, viewport={"width": 1100, "height": 1900})
        yield lab, page
        page.close()


def run(notebook: Notebook, cell: int) -> None:
    """Shift+Enter in a cell, as everybody runs one."""
    editor = notebook.page.locator(f'.jp-Cell[data-windowed-list-index="{cell}"] .cm-content')
    editor.focus()
    editor.press("Shift+Enter")


def test_from_nothing_to_an_answer(notebook: tuple[Lab, Notebook]) -> None:
    """Nothing is set up: each step is found in what the step before shows."""
    lab, page = notebook
    run(page, 0)
    run(page, 1)
    line = page.output(1).locator(".nbalert-welcome")
    expect(line).to_contain_text("no channel is set up")
    with page.page.context.expect_page() as opened:
        line.get_by_role("link", name="open it").click()
    inbox: Page = opened.value
    expect(inbox.locator(".card", has_text="First alert")).to_contain_text("45")
    page.page.bring_to_front()
    with Webhook() as server:
        (lab.home.root / "hook.txt").write_text(server.url)
        set_up(page)
        assert load(lab.root, lab.home).channel("ci").values["url"] == "file:hook.txt"
        run(page, 3)
        server.until(lambda chat: "Hello, channel" in chat.titles)
        run(page, 4)
        expect(page.waiting).to_contain_text("asked on inbox")
        inbox.bring_to_front()
        card = inbox.locator(".card", has_text="Drop table users?")
        card.get_by_role("button", name="Approve").click()
        expect(page.output(4)).to_contain_text("(self-approved)")
        expect(page.output(4)).to_contain_text("dropped")
        page.page.bring_to_front()
        run(page, 5)
        table = page.output(5).locator(".nbalert-sent")
        for title in ("First alert", "Hello, channel", "Drop table users? → approved"):
            expect(table).to_contain_text(title)


def set_up(page: Notebook) -> None:
    """The form, from top to bottom."""
    run(page, 2)
    form = page.output(2).locator(".nbalert-config")
    form.get_by_label("Kind", exact=True).select_option("webhook: posts and asks")
    expect(form).to_contain_text("Address that takes the messages")
    form.get_by_label("Name", exact=True).fill("ci")
    form.get_by_label("url", exact=True).select_option("file")
    label = page.page.get_by_label("url", exact=True)
    form.locator(".widget-hbox", has=label).locator("input").fill("hook.txt")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_contain_text("Saved as ci in")
