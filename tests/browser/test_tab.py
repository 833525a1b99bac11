"""Tab in a real JupyterLab: channels, options and words of our magics, by keyboard."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Browser, Locator, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.browser.jupyterlab import Lab, Notebook
from tests.processes import settings_file, webhook_table

PAUSE_MS = 40
"""Between two keys: JupyterLab asks for what fits the text of a moment, and drops it if that has changed."""
BUSY_TRIES = 6
BUSY_MS = 3_000


def complete(notebook: Notebook, text: str, wanted: Locator) -> None:
    """Type, and press Tab; again where JupyterLab has not waited for the kernel of a busy machine."""
    notebook.page.keyboard.type(text, delay=PAUSE_MS)
    expect(notebook.page.locator(".jp-mod-completer-enabled")).to_have_count(1)
    for _ in range(BUSY_TRIES):
        notebook.page.keyboard.press("Tab")
        with suppress(NotInTime):
            wanted.wait_for(timeout=BUSY_MS)
            break
    expect(wanted).to_be_visible()


def test_tab_completes_our_lines(browser: Browser, lab: Lab) -> None:
    """One fit is filled in; of several one is chosen from the list."""
    settings_file(lab.root, webhook_table("team", "http://127.0.0.1:9/hook"))
    notebook = lab.open(browser, "tab.ipynb", "%load_ext nbalert", "", "1")
    try:
        notebook.command("notebook:run-cell-and-select-next")
        notebook.command("notebook:enter-edit-mode")
        line = notebook.page.locator(".cm-line")
        complete(notebook, "%%alert -c te", line.get_by_text("-c team", exact=False))
        complete(notebook, " --o", line.get_by_text("-c team --on", exact=False))
        offered = notebook.page.locator(".jp-Completer-item")
        complete(notebook, " ", offered.get_by_text("failure"))
        expect(offered.nth(0)).to_contain_text("always")
        notebook.page.keyboard.press("ArrowDown")
        notebook.page.keyboard.press("Enter")
        expect(line.get_by_text("%%alert -c team --on change")).to_be_visible()
    finally:
        notebook.close()
        (lab.root / "nbalert.toml").unlink()
