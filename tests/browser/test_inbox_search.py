"""Looking for messages on the inbox page, with the mouse and by keyboard."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from nbalert.message import Level, Message, Source
from tests.browser.conftest import OpenPage
from tests.inboxes import Inbox, post, question

EVIL = "<img src=x onerror=alert(1)>.ipynb"


def fill(inbox: Inbox) -> None:
    """A failure, 60 results, and a question, in two notebooks of two people."""
    sender = inbox.sender()
    source = Source(notebook="/n/train.ipynb", user="ann")
    post(
        sender, Message(title="Training failed", level=Level.CRITICAL, error="ValueError", source=source), "f"
    )
    for n in range(60):
        post(sender, Message(title=f"Trained {n}", level=Level.OK, source=source), f"k{n}")
    other = Source(notebook=EVIL, user="<b>carl</b>")
    post(sender, Message(title="Evaluated", source=other), "e")
    post(sender, Message(title="Deploy?", question=question(), source=other), "q")


def titles(page: Page) -> Any:
    """Of the cards in the list."""
    return page.locator("#messages .card h2")


def test_search_by_mouse(inbox: Inbox, open_page: OpenPage) -> None:
    """Words and filters combine; what is looked for outlives a reload; closing shows all as before."""
    fill(inbox)
    page = open_page("bob")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Words").fill("valueerr")
    expect(titles(page)).to_have_text(["Training failed"])
    page.get_by_label("Words").fill("train")
    expect(titles(page)).to_have_count(50)
    page.get_by_role("button", name="Show older messages").click()
    expect(titles(page)).to_have_count(61)
    page.get_by_label("Level").select_option("Critical")
    expect(titles(page)).to_have_text(["Training failed"])
    page.reload()
    expect(titles(page)).to_have_text(["Training failed"])
    expect(page.get_by_label("Words")).to_have_value("train")
    expect(page.get_by_label("Level")).to_have_value("CRITICAL")
    page.get_by_label("Notebook").select_option(EVIL)
    expect(page.get_by_role("heading", name="Nothing was found")).to_be_visible()
    page.get_by_role("button", name="Show all messages").click()
    expect(titles(page)).to_have_count(50)
    page.get_by_label("Person").select_option("<b>carl</b>")
    expect(titles(page)).to_have_text(["Evaluated", "Deploy?"])
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_label("Words")).to_be_hidden()
    expect(titles(page)).to_have_count(50)
    assert page.url == f"{inbox.url}/"


def test_search_by_keyboard(inbox: Inbox, open_page: OpenPage) -> None:
    """/ begins, Escape ends; keys in the field are letters, outside of it they walk over what was found."""
    fill(inbox)
    page = open_page("bob")
    page.keyboard.press("/")
    expect(page.get_by_label("Words")).to_be_focused()
    page.keyboard.type("trained 1")
    expect(titles(page)).to_have_text(["Trained 1", *(f"Trained 1{n}" for n in range(10))])
    page.keyboard.press("Tab")
    page.keyboard.press("o")  # a letter chooses in a list: OK
    expect(page.get_by_label("Level")).to_have_value("OK")
    page.locator(".card").last.focus()
    page.keyboard.press("k")
    expect(page.locator("#messages .card").nth(9)).to_be_focused()
    page.keyboard.press("n")  # a question that waits is shown, also from among other things
    expect(page.locator(".card.asks")).to_be_focused()
    expect(titles(page)).to_have_count(50)
    page.keyboard.press("/")
    page.keyboard.type("zzz")
    expect(page.locator("#nothing")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Search")).to_be_focused()
    expect(titles(page)).to_have_count(50)


def test_what_comes_while_searching(inbox: Inbox, open_page: OpenPage) -> None:
    """What comes and fits appears, the rest is kept out; a question that waits is counted all the same."""
    fill(inbox)
    page, sender = open_page("bob"), inbox.sender()
    page.goto(f"{inbox.url}/#level=CRITICAL")
    expect(titles(page)).to_have_text(["Training failed"])
    expect(page.locator("#waiting")).to_have_text("1 question waits")
    post(sender, Message(title="fine", level=Level.OK), "fine")
    post(sender, Message(title="worse", level=Level.CRITICAL), "worse")
    expect(titles(page)).to_have_text(["Training failed", "worse"])
    page.locator(".card").get_by_title("Link to this message").last.click()
    expect(titles(page)).to_have_count(50)
    expect(page.locator("#messages .card").last).to_be_focused()
    expect(page.get_by_label("Level")).to_have_value("")
