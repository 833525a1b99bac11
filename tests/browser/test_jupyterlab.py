"""Asks in a real JupyterLab: Run All, countdown, Cancel, an answer on the inbox page, save and reload."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from nbalert.durations import parse_duration, show_duration
from nbalert.question import sha256_of
from tests.browser.jupyterlab import Lab, Notebook, Open
from tests.person import Person
from tests.processes import wait_until

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def notebook(browser: Browser, lab: Lab) -> Iterator[Open]:
    """`notebook(name, *cells)` opens one; it is closed after the test, and its kernel is gone."""
    opened: list[Notebook] = []

    def open_(name: str, *cells: str, **options: Any) -> Notebook:
        opened.append(lab.open(browser, name, *cells, **options))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.fixture
def inbox(browser: Browser, lab: Lab) -> Iterator[Page]:
    """A second window: ann at the inbox. The courier lives in the kernel of the notebook."""
    page = browser.new_page()
    yield page
    page.context.close()


def asking(question: str, options: str = "--timeout 100s") -> tuple[str, ...]:
    """Cells with an ask in their midst."""
    return (
        "%load_ext nbalert",
        f'%%ask "{question}" {options}\nprint("the body ran")',
        'print("the next cell ran")',
    )


def outputs(text: str) -> list[dict[str, Any]]:
    """All outputs in a notebook file."""
    return [output for cell in json.loads(text)["cells"] for output in cell["outputs"]]


def seconds_left(notebook: Notebook) -> int:
    """What the countdown says."""
    text = str(notebook.waiting.locator("[role=timer] strong").inner_text())
    return int(parse_duration(text.removesuffix(" left").replace("min", "m").replace(" ", "")))


def test_countdown_and_cancel(notebook: Open) -> None:
    """While Run All is blocked the widget counts down; Cancel ends it with its reason; no later cell runs."""
    page = notebook("cancel.ipynb", *asking("Cancel me?"))
    page.run_all()
    expect(page.waiting).to_contain_text("asked on inbox")
    expect(page.waiting).to_contain_text("Cancel me?")
    before = seconds_left(page)
    assert 60 < before <= 100
    expect(page.waiting).not_to_contain_text(f"{show_duration(before)} left")
    expect(page.waiting).not_to_contain_text(f"{show_duration(before - 1)} left")
    assert before - 20 < seconds_left(page) < before
    page.waiting.get_by_role("textbox").press_sequentially("wrong <b>table")
    page.page.keyboard.press("Tab")
    expect(page.waiting.get_by_role("button", name="Cancel")).to_be_focused()
    page.page.keyboard.press("Enter")
    expect(page.decision).to_contain_text("wrong <b>table")
    expect(page.output(1)).to_contain_text("NotApproved: cancelled: wrong <b>table")
    expect(page.waiting).to_have_count(0)
    page.until_idle()
    shown = page.page.locator(".jp-OutputArea").all_inner_texts()
    assert not [text for text in shown if "ran" in text]


def test_two_answers_and_two_asks_in_order(notebook: Open, lab: Lab) -> None:
    """Under Run All each answer shows as it comes, with what is missing; the next ask waits for its turn."""
    first, second = "First of two?", "Second of two?"
    options = "--timeout 100s --need 2 --approvers bob,carol"
    page = notebook("two.ipynb", *asking(first, options), *asking(second, options)[1:])
    page.run_all()
    expect(page.waiting).to_contain_text("0 of 2, waiting for bob and carol")
    code = 'print("the body ran")\n'
    expect(page.waiting).to_contain_text(f"code sha256 {sha256_of(code)[:12]}")
    expect(page.waiting).to_contain_text("asked on inbox")
    with Person(lab.link("bob")) as bob, Person(lab.link("carol")) as carol:
        bob.answer(first, "yes: seen").raise_for_status()
        expect(page.waiting).to_contain_text("bob: approved: seen")
        expect(page.waiting).to_contain_text("1 of 2, waiting for carol")
        bob.answer(first, "yes").raise_for_status()
        expect(page.waiting).to_contain_text("seen (does not count: a later answer took its place)")
        expect(page.output(2)).to_have_text("")
        carol.answer(first, "yes: go").raise_for_status()
        expect(page.decision).to_contain_text("by bob, carol: go")
        expect(page.output(2)).to_contain_text("the next cell ran")
        expect(page.waiting).to_contain_text(second)
        carol.answer(second, "no: not today").raise_for_status()
        expect(page.output(3)).to_contain_text("NotApproved: rejected by carol: not today")
        expect(page.output(4)).to_have_text("")
        late = bob.reply(bob.until(lambda view: view["message"]["title"] == second)["id"], "yes")
        assert late.json() == {"error": "this question has ended: rejected by carol: not today"}


def test_approval_on_the_inbox_page(notebook: Open, inbox: Page, lab: Lab) -> None:
    """An approval on the page runs the body and what follows; the decision stays after save and reload."""
    page = notebook("approve.ipynb", *asking("Approve me?"))
    page.run_all()
    expect(page.waiting).to_contain_text("asked on inbox")
    saved_early = page.save()
    inbox.goto(lab.link("ann"))
    card = inbox.locator(".card", has_text="Approve me?")
    expect(card).to_contain_text('print("the body ran")')
    card.get_by_role("textbox").fill("all green")
    card.get_by_role("button", name="Approve").click()
    expect(page.decision).to_contain_text("Approved")
    expect(page.decision).to_contain_text("by ann: all green")
    expect(page.output(1)).to_contain_text("the body ran")
    expect(page.output(2)).to_contain_text("the next cell ran")
    expect(card).to_contain_text("ann")
    page.until_idle()
    saved = page.save()
    (decision,) = [output["data"] for output in outputs(saved) if "text/html" in output.get("data", {})]
    assert set(decision) == {"text/plain", "text/html"}
    assert "approved by ann: all green" in "".join(decision["text/plain"])
    (waiting,) = [output["data"] for output in outputs(saved_early) if "text/html" in output.get("data", {})]
    assert set(waiting) == {"text/plain", "text/html", WIDGET}
    for text in (saved_early, saved):
        assert "code=" not in text
        assert "token" not in text
        assert "widget-state" not in text
    page.reload()
    expect(page.decision).to_contain_text("by ann: all green")
    expect(page.decision).to_be_visible()


def test_choice_and_number(notebook: Open, inbox: Page, lab: Lab) -> None:
    """A choice is clicked and a number typed on the page; the widget says what is wanted and answered."""
    page = notebook(
        "answers.ipynb",
        "%load_ext nbalert",
        'colour = %ask "Which colour?" --choices blue,green',
        'count = %ask "How many?" --input int\nprint([colour.answer, count.answer])',
    )
    page.run_all()
    expect(page.waiting).to_contain_text("one of blue, green")
    expect(page.waiting).to_contain_text("asked on inbox")
    inbox.goto(lab.link("ann"))
    inbox.locator(".card", has_text="Which colour?").get_by_role("button", name="green").click()
    expect(page.decision.first).to_contain_text("answer: green")
    expect(page.waiting).to_contain_text("a whole number")
    card = inbox.locator(".card", has_text="How many?")
    field = card.get_by_label("A whole number")
    field.fill("many")
    field.press("Enter")
    expect(card.get_by_role("alert")).to_have_text("'many' is not a whole number; please answer anew.")
    field.fill("12")
    field.press("Enter")
    expect(page.decision.last).to_contain_text("answer: 12")
    expect(page.output(2)).to_contain_text("['green', 12]")
    expect(card.locator(".decision")).to_contain_text("Answer: 12")


def test_link_in_the_widget(notebook: Open, browser: Browser) -> None:
    """The link in the widget opens the inbox at the question, and signs its reader in."""
    page = notebook("link.ipynb", *asking("Follow the link?"))
    page.run_all()
    link = page.waiting.get_by_role("link")
    expect(link).to_have_text("open in inbox")
    with page.page.context.expect_page() as opened:
        link.click()
    own = opened.value
    card = own.locator(".card", has_text="Follow the link?")
    expect(card.get_by_role("button", name="Approve")).to_be_visible()
    assert "code=" not in own.url
    card.get_by_role("button", name="Approve").click()
    expect(page.decision).to_contain_text("(self-approved)")


def test_interrupt(notebook: Open, inbox: Page, lab: Lab) -> None:
    """The stop button cancels the question, in the notebook and on the inbox page."""
    page = notebook("interrupt.ipynb", *asking("Stop me?"))
    page.run_all()
    expect(page.waiting).to_contain_text("asked on inbox")
    inbox.goto(lab.link("ann"))
    expect(inbox.locator(".card", has_text="Stop me?").get_by_role("button", name="Approve")).to_be_visible()
    page.command("notebook:interrupt-kernel")
    expect(page.decision).to_contain_text("Cancelled")
    expect(page.output(1)).to_contain_text("KeyboardInterrupt")
    card = inbox.locator(".card", has_text="Stop me?")
    expect(card.get_by_role("button", name="Approve")).to_have_count(0)
    expect(card).to_contain_text("interrupted")


def test_a_closed_notebook(notebook: Open, lab: Lab) -> None:
    """Closed while an alerted cell runs, and opened again: its alert came, and nothing says that it died."""
    wait = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)"
    page = notebook("close.ipynb", "%load_ext nbalert", f"%%alert -t Trained\nprint('on')\n{wait}")
    page.run_all()
    expect(page.output(1)).to_contain_text("on")
    before = _titles(lab)
    with page.closed():
        (lab.root / "go").touch()
        wait_until(lambda: len(_titles(lab)) > len(before))
    page.command("notebook:run-cell")
    page.until_idle()
    (said,) = _titles(lab)[len(before) :]
    assert "Trained" in said
    assert "died" not in said


def _titles(lab: Lab) -> list[str]:
    """What was sent so far, oldest first."""
    return [row["title"] for row in lab.client.request({"do": "history", "limit": 100})]
