"""`%nbalert history` in a real JupyterLab: filter, send again, save."""

from __future__ import annotations

import json

from playwright.sync_api import Browser, expect

from tests.browser.jupyterlab import Lab
from tests.chat_servers.webhook import Webhook, status
from tests.processes import settings_file, webhook_table

SEND = """import nbalert
nbalert.post("Bad <b>news", channel="ci", level="CRITICAL").wait(raises=False)
nbalert.post("It works", channel="ci", level="OK").wait();"""


def test_filter_and_send_again(browser: Browser, lab: Lab) -> None:
    """What was refused is found by its state and sent again; the saved table has it, and no secret."""
    with Webhook() as server:
        (lab.home.root / "hook.txt").write_text(server.url)
        settings_file(lab.home.root, webhook_table("ci", "file:hook.txt"))
        notebook = lab.open(browser, "history.ipynb", "%load_ext nbalert", SEND, "%nbalert history")
        try:
            server.plan(status(400))
            notebook.run_all()
            box, table = notebook.page.locator(".nbalert-history"), notebook.page.locator(".nbalert-sent")
            expect(table).to_contain_text("It works")
            expect(table).to_contain_text("Bad <b>news")
            box.get_by_label("State").select_option("not delivered")
            expect(table).not_to_contain_text("It works")
            expect(table).to_contain_text("failed")
            again = box.get_by_role("button", name="Send again")
            again.click()
            expect(box.get_by_role("status")).to_contain_text("1 delivery is tried again")
            server.until(lambda chat: chat.titles.count("Bad <b>news") >= 1)
            box.get_by_label("State").select_option("all")
            box.get_by_label("Level").select_option("CRITICAL")
            box.get_by_role("button", name="Refresh").click()
            expect(table).not_to_contain_text("failed")
            outputs = json.loads(text := notebook.save())["cells"][2]["outputs"]
            assert "Bad &lt;b&gt;news" in json.dumps(outputs)
            assert "secret-path" not in text
        finally:
            notebook.close()
            lab.home.settings.unlink()
