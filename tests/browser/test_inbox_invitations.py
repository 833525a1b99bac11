"""People and links on the inbox page, managed by its owner."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.inboxes import Inbox

EVIL = "<img src=x onerror=alert(1)>"


def test_invite_and_revoke_by_mouse(inbox: Inbox, open_page: OpenPage) -> None:
    """A link is shown once and signs in; who is revoked, after a second click, is out at once."""
    page = open_page("ann")
    page.click("#who")
    page.get_by_role("menuitem", name="People and links").click()
    expect(page.locator("#people-list li")).to_have_text("ann1 browser signed inyou")
    page.get_by_label("Name", exact=True).fill(EVIL)
    page.get_by_label("The link is good for").select_option("1 hour")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label(f"Link for {EVIL}").input_value()
    guest = open_page("")
    guest.goto(link)
    expect(guest.locator("#who")).to_have_text(EVIL)
    page.get_by_role("button", name="Close").click()
    page.click("#who")
    page.get_by_role("menuitem", name="People and links").click()
    expect(page.locator("#invited")).to_be_empty()
    line = page.locator("#people-list li").filter(has_text=EVIL)
    expect(line).to_contain_text("1 browser signed in")
    page.get_by_role("button", name=f"Revoke {EVIL}").click()
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name=f"Revoke {EVIL}").click()
    page.get_by_role("button", name=f"Sign out, void links: {EVIL}").click()
    expect(line).to_have_count(0)
    expect(guest.get_by_role("heading", name="You are not signed in")).to_be_visible()


def test_invite_and_revoke_by_keyboard(open_page: OpenPage) -> None:
    """The same without a mouse; what is wrong is said, and nothing is lost from sight."""
    page = open_page("ann", permissions=["clipboard-read", "clipboard-write"])
    page.locator("#who").focus()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("anyone")
    page.keyboard.press("Enter")
    expect(page.locator("#people-problem")).to_contain_text("Nobody can be called 'anyone'")
    page.keyboard.press("Control+a")
    page.keyboard.type("bob")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Link for bob")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copy the link")).to_have_text("Copied")
    assert "#code=" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Revoke bob").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#people-list li")).to_have_count(1)
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#people")).to_be_hidden()


def test_others_are_not_offered_it(open_page: OpenPage) -> None:
    """Only the owner's menu has it."""
    page = open_page("bob")
    page.click("#who")
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()
    expect(page.locator("#team")).to_be_hidden()
