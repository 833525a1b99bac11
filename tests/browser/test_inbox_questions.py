"""Questions of every kind on the inbox page: asked, answered by mouse and keyboard, refused, ended."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from nbalert.message import Message
from nbalert.question import Outcome
from tests.browser.conftest import OpenPage
from tests.inboxes import Inbox, ended, post, put, question, reply


def asked(inbox: Inbox, **options: Any) -> tuple[Message, str]:
    """A question that was put, and its id in the inbox."""
    one = question(options.pop("text", "Deploy?"), **options)
    message = Message(title=one.text, question=one)
    return message, post(inbox.sender(), message, one.id)


def answers(inbox: Inbox, id_: str) -> list[tuple[str, str, str]]:
    """Who said what, and how, as the courier reads it."""
    found = inbox.sender().get(f"/api/messages/{id_}/replies").json()["replies"]
    return [(one["person"], one["text"], one["way"]) for one in found]


def typed(page: Page) -> Any:
    """The field for a typed answer."""
    return page.locator(".actions.typed .comment").first


def test_choices(inbox: Inbox, open_page: OpenPage) -> None:
    """Each choice is a button; what is chosen, by whom and why stands in the decision."""
    message, id_ = asked(inbox, choices=("blue", "<b>green</b>", "wait"))
    page = open_page("bob")
    buttons = page.locator(".actions button")
    expect(buttons).to_have_text(["blue", "<b>green</b>", "wait", "Reject"])
    page.get_by_label("Reason").fill("as ever")
    page.get_by_role("button", name="<b>green</b>").click()
    expect(page.locator(".mine")).to_have_text("You answered <b>green</b>.Change my answer")
    assert answers(inbox, id_) == [("bob", "<b>green</b>: as ever", "button")]
    put(inbox, id_, ended(message, Outcome.APPROVED, by=("bob",), answer="<b>green</b>", reason="as ever"))
    expect(page.locator(".decision p")).to_have_text(["Approved by bob", "Answer: <b>green</b>", "as ever"])


@pytest.mark.parametrize(
    ("kind", "wrong", "says", "right", "keyboard"),
    [
        ("int", "4.5", "'4.5' is not a whole number; please answer anew.", "42", "numeric"),
        ("float", "much", "'much' is not a number; please answer anew.", "0.25", "decimal"),
        ("text", " ", "An answer has a text.", "two lines:\n<i>really</i>", None),
    ],
)
def test_typed_answer(
    inbox: Inbox, open_page: OpenPage, kind: str, wrong: str, says: str, right: str, keyboard: str | None
) -> None:
    """By keyboard alone: what is wrong is said at the field, which keeps it and the focus."""
    message, id_ = asked(inbox, input=kind, text="How many?")
    page = open_page("bob")
    page.keyboard.press("a")
    field = typed(page)
    expect(field).to_be_focused()
    assert field.get_attribute("inputmode") == keyboard
    page.keyboard.type(wrong)
    page.keyboard.press("Tab" if kind == "text" else "Enter")
    if kind == "text":
        page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text=says)).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_value(wrong)
    expect(field).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(right)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".mine b")).to_have_text(right)
    assert answers(inbox, id_) == [("bob", right, "reply")]
    put(inbox, id_, ended(message, Outcome.APPROVED, by=("bob",), answer=right))
    expect(page.locator(".decision .answer b")).to_have_text(right)


def test_two_are_needed(inbox: Inbox, open_page: OpenPage) -> None:
    """Each page shows at once who has answered and who is missing; of one person the last answer counts."""
    message, id_ = asked(inbox, need=2, approvers=("bob", "carol", "dan"), asker="ann")
    bob, carol = open_page("bob"), open_page("carol")
    expect(carol.locator(".missing")).to_have_text("0 of 2, waiting for 2 of bob, carol, dan")
    bob.get_by_role("button", name="Approve").click()
    expect(carol.locator(".missing")).to_have_text("1 of 2, waiting for one of carol, dan")
    expect(carol.locator(".answers li")).to_contain_text("bobapproved")
    expect(carol.locator("#says")).to_have_text("bob: approved. 1 of 2, waiting for one of carol, dan")
    bob.get_by_role("button", name="Change my answer").click()
    bob.get_by_label("Reason").fill("seen again")
    bob.get_by_role("button", name="Approve").click()
    expect(carol.locator(".answers li").first).to_contain_text(
        "does not count: a later answer took its place"
    )
    expect(carol.locator(".answers li").last).to_contain_text("approved: seen again")
    carol.keyboard.press("n")
    carol.keyboard.press("a")
    carol.keyboard.press("Enter")
    expect(bob.locator(".answers li")).to_have_count(3)
    put(inbox, id_, ended(message, Outcome.APPROVED, by=("bob", "carol"), names=("Bob B.", "carol")))
    expect(bob.locator(".decision p")).to_have_text("Approved by Bob B. (bob), carol")
    expect(bob.locator(".missing")).to_have_count(0)


def test_who_is_late_is_told(inbox: Inbox, open_page: OpenPage) -> None:
    """An answer that crosses the decision is refused in a sentence that stays; a notice is one person's."""
    message, id_ = asked(inbox)
    page, other = open_page("bob"), open_page("carol")
    page.route("**/api/events*", lambda route: route.abort())  # what is pushed reaches this page no more
    inbox.restart()
    expect(page.locator("#link")).to_have_text("Offline")
    reference = reply(inbox.person("bob"), id_, "approve: first").json()["reference"]
    put(inbox, id_, ended(message, Outcome.REJECTED, by=("carol",), reason="not today"))
    page.get_by_role("button", name="Approve").click()
    says = "This question has ended: rejected by carol: not today."
    expect(page.locator(".card .problem")).to_have_text(says)
    page.unroute("**/api/events*")
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator(".decision")).to_contain_text("Rejected by carol")
    expect(page.locator(".card .problem")).to_have_text(says)
    notice = {"reply": reference, "text": "your answer came after the decision"}
    inbox.sender().post(f"/api/messages/{id_}/notices", json=notice).raise_for_status()
    expect(page.locator(".notice")).to_contain_text("Only you see this: your answer came after the decision")
    expect(page.locator("#says")).to_have_text("Only for you: your answer came after the decision")
    expect(other.locator(".decision")).to_be_visible()
    expect(other.locator(".notice")).to_have_count(0)


def test_reminder(inbox: Inbox, open_page: OpenPage) -> None:
    """A reminded question comes up above the list, marked for who is meant, until it is answered."""
    _, id_ = asked(inbox, text="Old question?")
    sender = inbox.sender()
    for n in range(60):
        post(sender, Message(title=f"message {n}"), f"k{n}")
    bob, carol, eve = open_page("bob"), open_page("carol"), open_page("eve")
    expect(bob.locator("#reminded")).to_be_hidden()
    body = {"key": "r", "title": "10 min left to decide: Old question?", "mention": ["bob"]}
    sender.post(f"/api/messages/{id_}/reminders", json=body).raise_for_status()
    line = bob.locator("#reminded").get_by_role("button")
    expect(line).to_have_text("Old question? 10 min left to decidefor you")
    expect(bob.locator("#says")).to_have_text("Old question?: 10 min left to decide")
    of_carol = carol.locator("#reminded").get_by_role("button")
    expect(of_carol).to_have_text("Old question? 10 min left to decide")
    line.click()
    card = bob.locator(f"#m-{id_}")
    expect(card).to_be_focused()
    expect(card).to_be_in_viewport()
    expect(card.locator(".reminders li")).to_contain_text("10 min left to decidefor you")
    bob.keyboard.press("r")
    bob.keyboard.press("Enter")
    expect(bob.locator("#reminded")).to_be_hidden()
    expect(eve.locator("#reminded")).to_be_hidden()


def test_code_in_a_file(inbox: Inbox, open_page: OpenPage, tmp_path: Path) -> None:
    """The code can be saved whole, also from behind the fold; what is blotted out in it is counted."""
    code = "password = '***'\n" + "y = 'ü'\n" * 300
    message, _ = asked(inbox, code=code, redacted=2)
    assert message.question
    page = open_page("carol")
    expect(page.locator(".code-head")).to_contain_text("2 secrets blotted out")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download the code").click()
    caught.value.save_as(tmp_path / "code.py")
    assert caught.value.suggested_filename == f"question-{message.question.code_sha256[:12]}.py"
    assert hashlib.sha256((tmp_path / "code.py").read_bytes()).hexdigest() == message.question.code_sha256
    expect(page.locator(".ask .closed")).to_have_count(1)
    page.keyboard.press("n")
    page.keyboard.press("e")
    expect(page.locator(".ask pre")).to_have_text(code)
