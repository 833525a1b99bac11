"""The inbox page as axe-core sees it, which checks the web's guidelines of accessibility."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from nbalert.message import Image, Level, Message, Source
from nbalert.question import Outcome
from tests.browser.conftest import OpenPage
from tests.browser.test_inbox_reading import picture
from tests.environments import Unavailable, npm_packages
from tests.inboxes import Inbox, ended, post, question, reply

VERSION = "4.14.1"


@pytest.fixture(scope="module")
def axe() -> str:
    """Its source, pinned."""
    try:
        folder = npm_packages(f"axe-{VERSION}", Path(__file__).parent / "axe")
    except Unavailable as why:
        pytest.skip(str(why))
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def findings(page: Page, axe: str) -> list[str]:
    """All rules that the page breaks, of any weight, with where it does."""
    page.evaluate(f"() => {{ {axe} }}")
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert len(found["passes"]) > 10, "nothing was looked at"
    return [
        f"{one['impact']}: {one['id']}: {[node['target'] for node in one['nodes']][:3]}"
        for one in found["violations"]
    ]


def fill(inbox: Inbox) -> None:
    """Something in most parts of a card, and questions in most states."""
    sender = inbox.sender()
    source = Source(notebook="/n/train.ipynb", user="ann", link="https://hub.example/x")
    for level in Level:
        message = Message(title=level.name, text="t", level=level, source=source, output="x\n" * 40)
        post(sender, message, level.name)
    table = "<table><thead><tr><th></th><th>a</th></tr></thead><tr><th>0</th><td>1</td></tr></table>"
    images = (Image(picture(300)), Image(picture(300)))
    failed = Message(title="failed", error="E", traceback="T\n  one", whole_traceback="T\n  1\n  2", code="x")
    post(sender, failed, "failed")
    post(sender, Message(title="shown", html=table, result="a 1", images=images, metadata={"a": 1}), "shown")
    kinds: list[dict[str, Any]] = [{}, {"choices": ("blue", "green")}, {"input": "int"}, {"need": 2}]
    for n, kind in enumerate(kinds):
        asked = Message(title=f"q{n}", question=question(f"q{n}", code="f(1)", **kind))
        id_ = post(sender, asked, f"q{n}")
        if n == 3:
            reply(inbox.person("carol"), id_)
            body = {"key": "r", "title": "soon", "mention": ["bob"]}
            sender.post(f"/api/messages/{id_}/reminders", json=body).raise_for_status()
        post(sender, ended(asked, Outcome.APPROVED, by=("bob",), reason="r"), f"ended {n}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_findings(inbox: Inbox, open_page: OpenPage, axe: str, scheme: Any) -> None:
    """It finds nothing: not in the list, the search, the menu, nor in any dialog; nor before signing in."""
    inbox.person("bob").put("/api/seen", json={"number": 0})
    fill(inbox)
    page = open_page("bob", color_scheme=scheme)
    expect(page.locator("#reminded button")).to_be_visible()
    page.get_by_role("button", name="Answer").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Search").click()
    assert findings(page, axe) == []
    page.get_by_role("button", name="Close").click()
    page.click("#who")
    assert findings(page, axe) == []
    page.click("#help")
    assert findings(page, axe) == []
    page.keyboard.press("Escape")
    page.locator(".pictures a").first.click()
    assert findings(page, axe) == []
    page.keyboard.press("Escape")
    page.goto(f"{inbox.url}/#words=nothing+like+it")
    expect(page.locator("#nothing")).to_be_visible()
    assert findings(page, axe) == []
    page.close()
    assert findings(open_page("", color_scheme=scheme), axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_findings_among_people(open_page: OpenPage, axe: str, scheme: Any) -> None:
    """Nor in an empty inbox, nor where its owner invites and revokes, with a link and with an error."""
    page = open_page("ann", color_scheme=scheme)
    assert findings(page, axe) == []
    page.click("#who")
    page.get_by_role("menuitem", name="People and links").click()
    page.get_by_label("Name", exact=True).fill("bob")
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_label("Link for bob")).to_be_visible()
    page.get_by_role("button", name="Revoke bob").click()
    assert findings(page, axe) == []
    page.get_by_label("Name", exact=True).fill("anyone")
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#people-problem")).to_be_visible()
    assert findings(page, axe) == []
