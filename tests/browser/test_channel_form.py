"""The form of `%nbalert config` in a real JupyterLab: fill in, try, save; and no secret in the notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from nbalert.settings import load
from tests.browser.jupyterlab import Lab, Notebook
from tests.chat_servers.slack import TOKEN as SLACK_TOKEN
from tests.chat_servers.slack import Slack
from tests.chat_servers.webhook import Webhook, status

BUSY = """\
import sys, threading, time
sys.setswitchinterval(0.05)
end = time.monotonic() + 2
def work():
    while time.monotonic() < end: pass
threading.Thread(target=work).start()
"""
LOOK = "import ipywidgets; print(ipywidgets.Widget.get_manager_state())\n%history"
TOKEN = "xoxb-" + "123456789012-secret"


class Form:
    """The form as a person sees it."""

    def __init__(self, notebook: Notebook) -> None:
        self.page = notebook.page
        self.box: Locator = notebook.page.locator(".jp-OutputArea .nbalert-config")
        self.result = self.box.get_by_role("status")
        expect(self.box).to_be_visible()

    def choose(self, label: str, option: str) -> None:
        """Of a dropdown."""
        self.box.get_by_label(label, exact=True).select_option(option)

    def fill(self, label: str, text: str) -> None:
        """A text, as by hand: it counts once the field is left."""
        field = self.box.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Tab")

    def secret(self, key: str, place: str, name: str) -> None:
        """Where a secret is."""
        self.choose(key, place)
        label = self.page.get_by_label(key, exact=True)
        field = self.box.locator(".widget-hbox", has=label).locator("input")
        field.fill(name)
        field.press("Tab")

    def keys(self, label: str, typed: str) -> None:
        """Of a list: reach it and type the start of what is wanted."""
        self.box.get_by_label(label, exact=True).focus()
        self.page.keyboard.type(typed)
        self.page.keyboard.press("Tab")

    def enter(self, label: str) -> None:
        """A button, by its key."""
        button = self.box.get_by_role("button", name=label)
        expect(button).to_be_enabled()
        button.focus()
        self.page.keyboard.press("Enter")

    def press(self, label: str) -> None:
        """A button."""
        self.box.get_by_role("button", name=label).click()


@pytest.fixture
def server(lab: Lab) -> Iterator[Webhook]:
    """A service, whose address is a secret in a file of the user's."""
    with Webhook() as server:
        (lab.home.root / "hook.txt").write_text(server.url)
        yield server


@pytest.fixture
def notebook(browser: Browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """One that shows the form; with `dark` as its parameter in dark colours."""
    theme = getattr(request, "param", "light")
    lab.home.settings.unlink(missing_ok=True)
    options: dict[str, Any] = {"viewport": {"width": 1000, "height": 1300}, "color_scheme": theme}
    cells = ("%load_ext nbalert\n%nbalert config", LOOK, BUSY)
    page = lab.open(browser, f"form-{theme}.ipynb", *cells, **options)
    page.command("apputils:change-theme", theme=f"JupyterLab {theme.title()}")
    page.command("notebook:run-cell-and-select-next", wait=False)
    yield page
    page.command("apputils:change-theme", theme="JupyterLab Light")
    page.close()


@pytest.mark.parametrize("notebook", ["light", "dark"], indirect=True)
def test_from_nothing_to_a_saved_channel(notebook: Notebook, lab: Lab, server: Webhook) -> None:
    """Pick a kind, try it before it is saved, save it as the default; the notebook has no secret."""
    form = Form(notebook)
    form.choose("Kind", "webhook: posts and asks")
    expect(form.box).to_contain_text("Address that takes the messages")
    expect(form.box).to_contain_text("posts and asks; comes with nbalert")
    form.fill("Name", "ci")
    form.secret("url", "file", "hook.txt")
    server.plan(status(404))
    form.press("Send a test")
    expect(form.result).to_contain_text("404")
    expect(form.result).not_to_contain_text("secret-path")
    form.press("Send a test")
    expect(form.result).to_contain_text("The test has arrived")
    assert server.titles == ["Test of channel ci"]
    form.box.get_by_label("Make it the default channel").check()
    form.press("Save")
    expect(form.result).to_contain_text("Saved as ci in")
    settings = load(lab.root, lab.home)
    assert (settings.default, settings.channel("ci").values["url"]) == ("ci", "file:hook.txt")
    text = notebook.save()
    assert "secret-path" not in text
    assert "widget-state" not in text
    outputs = json.loads(text)["cells"][0]["outputs"]
    assert "run %nbalert config" in json.dumps(outputs)


def test_an_asking_channel(notebook: Notebook, lab: Lab) -> None:
    """Who answers and who you are go where they belong; what is missing is said in the form."""
    form = Form(notebook)
    form.choose("Kind", "slack: posts and asks")
    form.fill("Name", "team")
    form.press("Save")
    expect(form.result).to_contain_text("token: is needed")
    form.secret("token", "environment variable", "SLACK_BOT_TOKEN")
    form.fill("channel", "C0123456789")
    form.fill("approvers", "U012AB3CD, U045EF6GH")
    form.fill("me", "U0ME")
    form.press("Save")
    expect(form.result).to_contain_text("SLACK_BOT_TOKEN is not set")
    settings = load(lab.root, lab.home)
    assert settings.channel("team").values["approvers"] == ["U012AB3CD", "U045EF6GH"]
    assert settings.me == {"slack": "U0ME"}


def test_a_pasted_token_is_taken_out(notebook: Notebook, lab: Lab) -> None:
    """Into the field for a name: it is not in page, file, widgets' state or history."""
    form = Form(notebook)
    form.choose("Kind", "slack: posts and asks")
    for place in ("environment variable", "file", "keyring entry"):
        form.secret("token", place, TOKEN)
        expect(form.box.get_by_role("alert")).to_contain_text("was taken out")
        form.press("Send a test")
        expect(form.result).to_contain_text("token: is needed")
        expect(form.box.get_by_role("alert")).to_contain_text("was taken out")
        form.choose("Kind", "webhook: posts and asks")
        expect(form.box).to_contain_text("Address that takes the messages")
        form.choose("Kind", "slack: posts and asks")
        expect(form.box).to_contain_text("Bot token of your Slack app")
        expect(form.result).to_have_count(0)
    notebook.command("notebook:move-cursor-down")
    notebook.command("notebook:run-cell", wait=False)
    expect(notebook.output(1)).to_contain_text("DropdownModel")
    expect(notebook.output(1)).to_contain_text("%load_ext nbalert")
    assert TOKEN not in notebook.page.content()
    assert TOKEN not in notebook.save()


def test_a_click_counts_after_what_was_typed(notebook: Notebook, lab: Lab, server: Webhook) -> None:
    """Also where the kernel is slow to look at both, and does so on two threads."""
    form = Form(notebook)
    form.choose("Kind", "webhook: posts and asks")
    expect(form.box).to_contain_text("Address that takes the messages")
    form.fill("Name", "draft")
    for _ in range(2):
        notebook.command("notebook:move-cursor-down")
    notebook.command("notebook:run-cell", wait=False)
    form.fill("Name", "ci")
    form.secret("url", "file", "hook.txt")
    form.press("Save")
    expect(form.result).to_contain_text("Saved as ci in")
    assert load(lab.root, lab.home).channel("ci").values["url"] == "file:hook.txt"


@pytest.fixture
def slack(lab: Lab) -> Iterator[Slack]:
    """A workspace, with a channel of the user's that leads there."""
    with Slack() as slack:
        (lab.home.root / "slack.txt").write_text(SLACK_TOKEN)
        yield slack


def test_a_known_channel_by_keys_alone(notebook: Notebook, lab: Lab, slack: Slack) -> None:
    """Choose it, its approvers from the members, test an ask, save, remove, take that back."""
    values = {**slack.values(), "token": "file:slack.txt"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    before = "\n".join(["# ours", "[channels.team]", *lines, "", "[me]", 'slack = "UANN"', ""])
    lab.home.settings.write_text(before)
    notebook.command("notebook:move-cursor-up")
    notebook.command("notebook:run-cell", wait=False)
    form = Form(notebook)
    form.keys("Channel", "t")
    expect(form.box.get_by_label("Name", exact=True)).to_have_value("team")
    form.enter("Test an ask")
    expect(form.result).to_contain_text("approvers is missing")
    form.enter("Choose from members")
    form.box.get_by_label("Bob (UBOB)", exact=True).focus()
    form.page.keyboard.press("Space")
    expect(form.box.get_by_label("approvers", exact=True)).to_have_value("UBOB")
    form.enter("Test an ask")
    said = slack.question("does your answer arrive?")
    slack.react("UBOB", said["ts"], "white_check_mark")
    expect(form.result).to_contain_text("The answer has arrived: approved by Bob (UBOB)")
    form.enter("Save")
    expect(form.result).to_contain_text("Saved as team")
    changed = lab.home.settings.read_text()
    assert 'approvers = ["UBOB"]' in changed
    form.enter("Remove")
    expect(form.result).to_contain_text("Removed team")
    assert "channels.team" not in lab.home.settings.read_text()
    form.enter("Undo")
    expect(form.result).to_contain_text("As it was before")
    assert lab.home.settings.read_text() == changed
    assert SLACK_TOKEN not in notebook.save()
    assert SLACK_TOKEN not in notebook.page.content()
