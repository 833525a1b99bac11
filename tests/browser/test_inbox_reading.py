"""Reading on the inbox page: what is unread, pictures, tracebacks for the clipboard, the desktop, files."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest
from PIL import Image as Picture
from playwright.sync_api import Page, Route, expect

from nbalert.message import Image, Level, Message, Source
from tests.browser.conftest import OpenPage
from tests.inboxes import Inbox, post, question

EVIL = "<img src=x onerror=alert(1)>"


def seen(inbox: Inbox, person: str) -> object:
    """Up to where the inbox knows somebody has read."""
    return inbox.person(person).get("/api/messages").json()["seen"]


def wait_until_seen(inbox: Inbox, person: str, number: int) -> None:
    """A page tells once a second."""
    deadline = time.monotonic() + 20
    while seen(inbox, person) != number:
        assert time.monotonic() < deadline, f"{person} has not read so far"
        time.sleep(0.1)


def picture(width: int) -> bytes:
    """A PNG of that width."""
    file = io.BytesIO()
    Picture.new("RGB", (width, 400), "teal").save(file, "PNG")
    return file.getvalue()


def save(page: Page, name: str, folder: Path) -> str:
    """What an item of the menu saves."""
    page.click("#who")
    with page.expect_download() as caught:
        page.get_by_role("menuitem", name=name).click()
    caught.value.save_as(folder / "saved")
    assert caught.value.suggested_filename.startswith("inbox-2")
    return (folder / "saved").read_text(encoding="utf-8")


def test_unread(inbox: Inbox, open_page: OpenPage) -> None:
    """Who comes back is led to the first unread message; what was in view is read, on all their pages."""
    sender = inbox.sender()
    post(sender, Message(title="old"), "old")
    first = open_page("bob")
    expect(first.locator(".unread")).to_have_count(0)
    wait_until_seen(inbox, "bob", 1)
    first.close()
    for n in range(30):
        post(sender, Message(title=f"message {n}", text="line\n" * 8), f"k{n}")
    page = open_page("bob")
    expect(page.locator("#new-line")).to_be_in_viewport()
    expect(page.locator("#new-line + .card h2")).to_have_text("message 0")
    expect(page.locator(".card").last).not_to_be_in_viewport()
    expect(page.locator(".card").last.get_by_text("New", exact=True)).to_be_visible()
    expect(page.locator("#new-line + .card .fresh")).to_be_hidden()  # it was in view for a while
    page.keyboard.press("u")
    expect(page.locator(".card:focus h2")).not_to_have_text("message 0")
    page.keyboard.press(".")
    expect(page.locator(".unread")).to_have_count(0)
    wait_until_seen(inbox, "bob", 31)
    page.reload()
    expect(page.locator(".card").last).to_be_in_viewport()
    expect(page.locator("#new-line")).to_have_count(0)
    assert seen(inbox, "carol") is None


def test_what_was_seen_stays_seen(inbox: Inbox) -> None:
    """An older page cannot take it back, and nobody has seen what is yet to come."""
    for n in range(3):
        post(inbox.sender(), Message(title="m"), f"k{n}")
    bob = inbox.person("bob")
    for number, then in ((2, 2), (1, 2), (99, 3), (0, 3)):
        bob.put("/api/seen", json={"number": number}).raise_for_status()
        assert seen(inbox, "bob") == then
    for wrong in (-1, "1", None, 1.5, 2**63):
        assert bob.put("/api/seen", json={"number": wrong}).status_code == 400


def test_copy_a_traceback(inbox: Inbox, open_page: OpenPage) -> None:
    """The whole of it lands in the clipboard, by mouse and by `y`, however little of it is shown."""
    sender = inbox.sender()
    frames = "".join(f"frame {n} {EVIL}\n" for n in range(3000))
    post(sender, Message(title="short", error="E", traceback="Traceback:\n  one"), "a")
    post(sender, Message(title="long", error="E", traceback="Traceback:\n  two", whole_traceback=frames), "b")
    page = open_page("bob", permissions=["clipboard-read", "clipboard-write"])
    button = page.locator(".card").first.get_by_role("button", name="Copy traceback")
    button.click()
    expect(button).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "Traceback:\n  one"
    page.locator(".card").last.focus()
    page.keyboard.press("y")
    expect(page.locator(".card").last.get_by_role("button", name="Copy traceback")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == frames


def test_copy_a_link(inbox: Inbox, open_page: OpenPage) -> None:
    """The address of a message, by mouse and by `l`; it leads there, in another's browser as well."""
    sender = inbox.sender()
    ids = [post(sender, Message(title=title), title) for title in ("first", "second")]
    page = open_page("bob", permissions=["clipboard-read", "clipboard-write"])
    button = page.locator(".card").first.get_by_role("button", name="Copy the link")
    button.click()
    expect(button).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{inbox.url}/#m={ids[0]}"
    page.locator(".card").last.focus()
    page.keyboard.press("l")
    expect(page.locator(".card").last.get_by_role("button", name="Copy the link")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{inbox.url}/#m={ids[1]}"
    other = open_page("carol")
    other.goto(link)
    expect(other.locator(".card:focus h2")).to_have_text("second")


def test_zoom(inbox: Inbox, open_page: OpenPage) -> None:
    """A picture opens as large as the window and in its own size; arrows turn, Escape leads back."""
    images = (Image(picture(2400), name=EVIL), Image(picture(2400), name="second.png"))
    post(inbox.sender(), Message(title="Figures", images=images))
    page = open_page("bob", viewport={"width": 800, "height": 700})
    page.locator(".pictures img").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text(f"{EVIL} (1 of 2)")
    width = "document.querySelector('.frame').scrollWidth"
    assert page.evaluate(width) == 800
    dialog.get_by_role("button", name="Actual size").click()
    assert page.evaluate(width) == 2400
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_role("heading")).to_have_text("second.png (2 of 2)")
    dialog.get_by_role("button", name="Close").click()
    page.locator(".card").focus()
    page.keyboard.press("z")
    expect(page.locator(".frame")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading")).to_have_text("second.png (2 of 2)")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(".pictures a").last).to_be_focused()


RECORD = """() => {
  window.told = [];
  window.Notification = class extends Notification {
    constructor(title, options) { super(title, options); window.told.push([title, options.body, this]); }
  };
}"""


def hide(page: Page) -> None:
    """Another tab comes to the front. (Playwright pretends that every page has the focus; here none does.)"""
    page.context.new_cdp_session(page).send("Emulation.setFocusEmulationEnabled", {"enabled": False})
    page.context.new_page().bring_to_front()
    deadline = time.monotonic() + 20
    while page.evaluate("document.hasFocus()"):
        assert time.monotonic() < deadline, "the page has the focus still"
        time.sleep(0.05)


def test_desktop(inbox: Inbox, open_page: OpenPage) -> None:
    """Once asked for, what wants the reader is told on the desktop while the page is away, no more."""
    page, sender = open_page("bob", permissions=["notifications"]), inbox.sender()
    page.evaluate(RECORD)
    post(sender, Message(title="before", level=Level.CRITICAL), "before")
    page.click("#who")
    item = page.get_by_role("menuitemcheckbox", name="Tell me on the desktop")
    expect(item).to_have_attribute("aria-checked", "false")
    item.click()
    expect(item).to_have_attribute("aria-checked", "true")
    post(sender, Message(title="while here", level=Level.CRITICAL), "here")
    expect(page.get_by_role("heading", name="while here")).to_be_visible()
    hide(page)
    post(sender, Message(title="fine", level=Level.OK), "fine")
    post(sender, Message(title="bad", error=EVIL, level=Level.CRITICAL), "bad")
    post(sender, Message(title="ask", question=question("Drop?", approvers=("bob",))), "q")
    expect(page.get_by_role("heading", name="ask")).to_be_attached()  # by then all of it was told
    told = page.evaluate("told.map(([title, body]) => [title, body])")
    assert told == [["bad", EVIL], ["ask", "Drop?"]]
    page.bring_to_front()
    page.evaluate("told[0][2].dispatchEvent(new Event('click'))")
    expect(page.locator(".card:focus h2")).to_have_text("bad")
    item.click()
    expect(item).to_have_attribute("aria-checked", "false")


def test_desktop_is_not_allowed(open_page: OpenPage) -> None:
    """Nothing is asked by itself; where the browser refuses, the page says where to allow it."""
    page = open_page("bob", permissions=[])
    page.keyboard.press("Tab")
    page.locator("#who").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemcheckbox")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#desktop-why")).to_contain_text("beside its address")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#who")).to_be_focused()


def test_late_pictures(inbox: Inbox, open_page: OpenPage) -> None:
    """What somebody reads stays where it is while pictures above it load."""
    sender = inbox.sender()
    for n in range(4):
        post(sender, Message(title=f"figure {n}", images=(Image(picture(600), name="f"),)), f"k{n}")
    post(sender, Message(title="read", text="line\n" * 60), "read")
    post(sender, Message(title="last", text="line\n" * 60), "last")
    page = open_page("bob")
    held: list[Route] = []
    page.route("**/images/*", lambda route: held.append(route))
    page.reload()
    expect(page.locator(".card")).to_have_count(6)
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.locator(".card:focus h2")).to_have_text("read")
    while len(held) < 4:
        page.wait_for_timeout(50)
    before = page.locator(".card:focus").bounding_box()
    for route in held:
        route.continue_()
    for n in range(4):
        expect(page.locator(".pictures img").nth(n)).to_have_js_property("naturalWidth", 600)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")  # drawn
    after = page.locator(".card:focus").bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2


def test_save(inbox: Inbox, open_page: OpenPage, tmp_path: Path) -> None:
    """What is shown is saved, and only that; nothing in it is cut. JSON for programs, text for people."""
    sender = inbox.sender()
    long = "".join(f"line {n}\n" for n in range(5000))
    source = Source(notebook="/n/train.ipynb", user="ann", cell_number=3)
    id_ = post(sender, Message(title="failed", output=long, level=Level.CRITICAL, source=source), "a")
    post(sender, Message(title="fine", level=Level.OK), "b")
    page = open_page("bob")
    page.goto(f"{inbox.url}/#level=CRITICAL")
    expect(page.locator("#messages .card")).to_have_count(1)
    (saved,) = json.loads(save(page, "Save what is shown as JSON", tmp_path))
    assert (saved["title"], saved["output"], saved["level"]) == ("failed", long, "CRITICAL")
    assert saved["link"] == f"{inbox.url}/#m={id_}"
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator("#messages .card")).to_have_count(2)
    text = save(page, "Save it as text", tmp_path)
    assert "CRITICAL  failed\n/n/train.ipynb  cell 3  ann\n" in text
    assert long in text
    assert text.index("failed") < text.index("OK  fine")


@pytest.mark.parametrize("key", ["y", "z", "u", "l", "k", "p", "1"])
def test_keys_without_a_target(open_page: OpenPage, key: str) -> None:
    """Where there is nothing to copy, to zoom or to read a key does nothing."""
    page = open_page("bob")
    page.keyboard.press(key)
    expect(page.locator("#empty")).to_be_visible()
