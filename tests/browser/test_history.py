"""`%nbalert history` in a real JupyterLab: filter, send again, silence and tell again, save."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from nbalert.message import Message, Source
from tests.browser.jupyterlab import Lab, Notebook
from tests.chat_servers.webhook import Webhook, status
from tests.processes import settings_file, webhook_table

SEND = """import nbalert
nbalert.post("Bad <b>news", channel="ci", level="CRITICAL").wait(raises=False)
nbalert.post("It works", channel="ci", level="OK").wait();"""


@pytest.fixture
def server(lab: Lab) -> Iterator[Webhook]:
    """The channel `ci`, which refuses the first message."""
    with Webhook() as served:
        (lab.home.root / "hook.txt").write_text(served.url)
        settings_file(lab.home.root, webhook_table("ci", "file:hook.txt", "fold = 0\n"))
        served.plan(status(400))
        yield served
        lab.home.settings.unlink()


@pytest.fixture
def notebook(browser: Browser, lab: Lab, server: Webhook) -> Iterator[Notebook]:
    """Two alerts of its own, one from elsewhere, and the history; in a narrow window."""
    elsewhere = Message(title="Elsewhere", source=Source(notebook="/m/other.ipynb"))
    window = {"width": 640, "height": 800}
    opened = lab.open(
        browser, "history.ipynb", "%load_ext nbalert", SEND, "%nbalert history", viewport=window
    )
    try:
        opened.command("notebook:run-cell-and-select-next")
        opened.command("notebook:run-cell-and-select-next")
        lab.client.accept(elsewhere, ["inbox"]).wait()
        opened.command("notebook:run-cell-and-select-next")
        expect(table(opened)).to_contain_text("It works")
        yield opened
    finally:
        opened.close()


def table(notebook: Notebook) -> Locator:
    """What stays in the file."""
    return notebook.page.locator(".nbalert-sent")


def test_filter_and_send_again(notebook: Notebook, server: Webhook) -> None:
    """What was refused is found by its state and sent again; the saved table has it, and no secret."""
    box, shown = notebook.page.locator(".nbalert-history"), table(notebook)
    expect(shown).to_contain_text("Bad <b>news")
    expect(shown).to_contain_text("Elsewhere")
    box.get_by_label("Notebook").select_option("this notebook")
    expect(shown).not_to_contain_text("Elsewhere")
    box.get_by_label("State").select_option("not delivered")
    expect(shown).not_to_contain_text("It works")
    expect(shown).to_contain_text("failed")
    box.get_by_role("button", name="Send again").click()
    expect(box.get_by_role("status")).to_contain_text("1 delivery is tried again")
    server.until(lambda chat: chat.titles.count("Bad <b>news") >= 1)
    box.get_by_label("State").select_option("all")
    box.get_by_label("Time").select_option("last hour")
    box.get_by_label("Level").select_option("CRITICAL")
    box.get_by_role("button", name="Refresh").click()
    expect(shown).not_to_contain_text("failed")
    expect(shown).not_to_contain_text("It works")
    assert "Bad &lt;b&gt;news" in (text := notebook.save())
    assert "secret-path" not in text
    notebook.reload()
    expect(table(notebook)).to_contain_text("Bad <b>news")
    width = "[document.querySelector('.nbalert-sent')].map(one => one.scrollWidth - one.clientWidth)[0]"
    assert notebook.page.evaluate(width) == 0


def test_silence_by_keyboard(notebook: Notebook, lab: Lab) -> None:
    """By keys alone an alert is silenced for an hour, and told again; both are said."""
    page, box = notebook.page, notebook.page.locator(".nbalert-history")
    box.get_by_label("Alert").focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "Enter", "Tab", "Tab"):
        page.keyboard.press(key)
    expect(box.get_by_role("button", name=re.compile("Silence$"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(box.get_by_role("status")).to_have_text("Bad <b>news: silenced for 1 h")
    assert lab.client.accept(Message(title="Bad <b>news"), ["inbox"]).wait() == []
    box.get_by_role("button", name="Refresh").press("Enter")
    expect(box).to_contain_text("Bad <b>news (1 kept quiet)")
    expect(table(notebook)).to_contain_text("suppressed")
    box.get_by_role("button", name="End silence").press("Enter")
    expect(box.get_by_role("status")).to_have_text("Bad <b>news: told again")
    expect(box.get_by_role("button", name="End silence")).to_have_count(0)
    assert len(lab.client.accept(Message(title="Bad <b>news"), ["inbox"]).wait()) == 1
