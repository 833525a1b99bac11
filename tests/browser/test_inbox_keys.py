"""The inbox page by keyboard alone: nothing here is clicked, nor focused by the test."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from nbalert.message import Level, Message
from tests.browser.conftest import OpenPage
from tests.inboxes import Inbox, post, question


def press(page: Page, *keys: str) -> None:
    """One key after the other."""
    for key in keys:
        page.keyboard.press(key)


def answers(inbox: Inbox, id_: str) -> list[str]:
    """What was answered to a message."""
    found = inbox.sender().get(f"/api/messages/{id_}/replies").raise_for_status().json()
    return [reply["text"] for reply in found["replies"]]


def focused(page: Page, title: str) -> None:
    """The card of that title has the focus."""
    expect(page.locator(".card:focus h2")).to_have_text(title)


def test_from_question_to_question(inbox: Inbox, open_page: OpenPage) -> None:
    """n and p go round; after an answer the card keeps the focus, and the same keys change the answer."""
    sender, ids = inbox.sender(), {}
    for title in ("one?", "two?", "three?"):
        ids[title] = post(sender, Message(title=title, question=question(need=2)), title)
        post(sender, Message(title=f"after {title}"), f"after {title}")
    page = open_page("bob")
    for key, title in (
        ("n", "one?"),
        ("n", "two?"),
        ("n", "three?"),
        ("n", "one?"),
        ("p", "three?"),
        ("p", "two?"),
    ):
        press(page, key)
        focused(page, title)
    press(page, "a")
    expect(page.get_by_role("button", name="Approve").nth(1)).to_be_focused()
    assert answers(inbox, ids["two?"]) == []  # Enter confirms
    press(page, "Enter")
    expect(page.locator("#waiting")).to_have_text("2 questions wait")
    focused(page, "two?")
    press(page, "r", "Enter")
    expect(page.locator(".mine b")).to_have_text("reject")
    focused(page, "two?")
    assert answers(inbox, ids["two?"]) == ["approve", "decline"]
    press(page, "n")
    focused(page, "three?")
    press(page, "p")
    focused(page, "one?")


def test_choose_and_type(inbox: Inbox, open_page: OpenPage) -> None:
    """A number goes to its choice; Ctrl and Enter send a text of several lines."""
    sender = inbox.sender()
    which = post(sender, Message(title="Which?", question=question(choices=("red", "green"))), "which")
    why = post(sender, Message(title="Why?", question=question(input="text")), "why")
    page = open_page("bob")
    press(page, "n", "3", "2")
    expect(page.get_by_role("button", name="green")).to_be_focused()
    press(page, "Enter")
    expect(page.locator(".mine b")).to_have_text("green")
    press(page, "n")  # at once: what comes in just now does not take the focus back
    focused(page, "Why?")
    press(page, "a")
    page.keyboard.type("two")
    press(page, "Enter")
    page.keyboard.type("lines")
    press(page, "Control+Enter")
    expect(page.locator(".mine b")).to_have_text(["green", "two\nlines"])
    assert (answers(inbox, which), answers(inbox, why)) == (["green"], ["two\nlines"])


def test_back_into_the_past(inbox: Inbox, open_page: OpenPage) -> None:
    """k on the first card brings older ones, until there are none."""
    sender = inbox.sender()
    for n in range(53):
        post(sender, Message(title=f"message {n}"), f"k{n}")
    page = open_page("bob")
    expect(page.locator(".card")).to_have_count(50)
    press(page, *["k"] * 50)
    focused(page, "message 3")
    press(page, "k")
    focused(page, "message 2")
    expect(page.locator(".card")).to_have_count(53)
    press(page, *["k"] * 5)
    focused(page, "message 0")


def _takes_its_time(route: Route) -> None:
    route.request.frame.page.wait_for_timeout(300)
    route.continue_()


def test_into_what_was_found_and_out(inbox: Inbox, open_page: OpenPage) -> None:
    """Enter leaves the field for what was found, Escape what was looked for."""
    sender = inbox.sender()
    for n in range(6):
        post(sender, Message(title=f"run {n}", level=(Level.OK, Level.CRITICAL)[n % 2]), f"k{n}")
    page = open_page("bob")
    page.route("**/api/messages?*level=*", _takes_its_time)
    press(page, "/")
    page.keyboard.type("run")
    press(page, "Tab", "c", "Shift+Tab", "Enter")  # in the list of levels a letter chooses: Critical
    expect(page.locator("#messages .card")).to_have_count(3)
    focused(page, "run 5")
    press(page, "k", "k", "k")
    focused(page, "run 1")
    press(page, "Escape")
    expect(page.locator("#messages .card")).to_have_count(6)
    expect(page.get_by_role("button", name="Search")).to_be_focused()


def test_menu(inbox: Inbox, open_page: OpenPage) -> None:
    """m opens it, arrows walk; the help in it names the keys, and Escape leads out of both."""
    post(inbox.sender(), Message(title="kept"))
    page = open_page("bob")
    press(page, "m", "ArrowDown")
    with page.expect_download() as caught:
        press(page, "Enter")
    assert caught.value.suggested_filename.endswith(".json")
    press(page, "m", "ArrowUp", "ArrowUp", "Enter")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    press(page, "m", "Escape")
    expect(page.locator("#menu")).to_be_hidden()
    expect(page.locator("#who")).to_be_focused()
