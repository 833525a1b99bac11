from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from nbalert.clock import Clock
from nbalert.courier.silences import Silences
from nbalert.courier.store import Store
from nbalert.message import Image, Level, Message, Source
from nbalert.question import Outcome
from tests.browser.conftest import OpenPage
from tests.inboxes import Inbox, ended, post, put, question, reply


def test_signing_in(inbox: Inbox, open_page: OpenPage) -> None:
    """A link signs in; its code is gone from the address at once, and from the history."""
    page = open_page("bob")
    expect(page.locator("#who")).to_have_text("bob")
    assert page.url == f"{inbox.url}/"
    page.reload()
    expect(page.locator("#who")).to_have_text("bob")
    assert page.evaluate("document.cookie") == ""


def test_not_signed_in(inbox: Inbox, open_page: OpenPage) -> None:
    """Without a link the page says how to get one; with a used one it says that it was used."""
    page = open_page("")
    expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    expect(page.locator("#door")).to_contain_text("nbalert inbox invite NAME")
    used = inbox.server.link("bob")
    inbox.client(headers={"Origin": inbox.url}).post("/api/session", json={"code": used.partition("=")[2]})
    page.goto(used)
    expect(page.get_by_role("alert").first).to_contain_text("used already, or is too old")
    page.goto(inbox.server.link("bob"))  # the same page: only its fragment changes
    expect(page.locator("#who")).to_have_text("bob")


def test_signing_out(open_page: OpenPage) -> None:
    """Sign out is in the menu, and ends the session."""
    page = open_page("bob")
    page.click("#who")
    page.click("#leave")
    expect(page.locator("#door")).to_be_visible()
    page.reload()
    expect(page.locator("#door")).to_be_visible()


def test_a_silence(inbox: Inbox, open_page: OpenPage, tmp_path: Path) -> None:
    """The owner silences alerts for an hour, sees until when, and ends it; guests see neither."""
    store = Store(tmp_path / "store.db")
    silences = Silences(store, Clock())
    inbox.server.silence_by(silences)
    guest = open_page("bob")
    page = open_page("ann")
    page.click("#who")
    page.get_by_role("menuitemcheckbox", name="Silence alerts for an hour").click()
    expect(page.locator("#silenced")).to_have_text(re.compile(r"Silenced until \d\d:\d\d"))
    assert [one["rule"] for one in silences.active()] == ["silence"]
    page.reload()
    page.click("#silenced")
    expect(page.locator("#silenced")).to_be_hidden()
    assert silences.active() == []
    guest.click("#who")
    expect(guest.locator("#silence")).to_be_hidden()
    inbox.stop()
    store.close()


def test_all_parts_are_shown(inbox: Inbox, open_page: OpenPage) -> None:
    """Level as a word, title and text, what the cell brought, fields, source and time are on the card."""
    source = Source(
        notebook="/home/ann/train.ipynb",
        cell_number=7,
        host="gpu-2",
        user="ann",
        link="https://hub.example/x",
        commit="1a2b3c",
        kernel="Python 3",
    )
    message = Message(
        title="Training failed",
        text="See https://hub.example/report.",
        level=Level.CRITICAL,
        code="train()",
        result="0.91",
        error="ValueError: no rows",
        traceback="Traceback (most recent call last):\n  …",
        whole_traceback="\n".join(f"frame {n}" for n in range(30)),
        output="epoch 1",
        metadata={"rows": 3, "gpu": True},
        source=source,
        duration_s=125.0,
    )
    post(inbox.sender(), message)
    card = open_page("bob").locator(".card")
    for text in (
        "Training failed",
        "Critical",
        "ValueError: no rows",
        "0.91",
        "Traceback",
        "epoch 1",
        "rows",
        "true",
    ):
        expect(card).to_contain_text(text)
    card.get_by_text("Whole traceback 30 lines").click()
    expect(card.get_by_text("frame 29")).to_be_visible()
    expect(card.locator("footer")).to_have_text(
        "train.ipynb, cell 7ann@gpu-2Python 3commit 1a2b3ctook 2 min 5 s"
    )
    expect(card.get_by_role("link", name="train.ipynb, cell 7")).to_have_attribute("href", source.link)
    expect(card.get_by_role("link", name="https://hub.example/report")).to_be_visible()
    expect(card.locator("time")).to_have_attribute("datetime", message.to_json()["created_at"])


def test_text_never_becomes_html(inbox: Inbox, open_page: OpenPage) -> None:
    """Markup in any part is shown as the characters it consists of, and nothing of it runs."""
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script><b>bold</b>"
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><script>alert(3)</script></svg>"
    asked = question(evil, code=evil, approvers=(evil,), asker=evil)
    message = Message(
        title=evil,
        text=evil,
        code=evil + "#",
        result=evil,
        error=evil,
        traceback=evil + "\n",
        output=evil,
        metadata={evil: evil},
        html=f"<table><tr><td>{evil}</td><td>&lt;img src=x onerror=alert(5)&gt;</td></tr></table>",
        source=Source(notebook=evil, user=evil, host=evil, link="javascript:alert(4)", kernel=evil),
        topic=evil,
        images=(Image(svg, "image/svg+xml", evil),),
        question=replace(asked, id="q"),
    )
    sender = inbox.sender()
    id_ = post(sender, message)
    with_choices = question(choices=(evil, "no\u202eyes"), need=2, policies={})
    other = post(sender, Message(title="choose", question=with_choices, mention=("bob",)), "choices")
    reference = reply(inbox.person("bob"), other, evil).json()["reference"]
    sender.post(f"/api/messages/{other}/notices", json={"reply": reference, "text": evil})
    body = {"key": "k", "title": evil, "mention": [evil]}
    sender.post(f"/api/messages/{other}/reminders", json=body).raise_for_status()
    answered = ended(message, Outcome.REJECTED, by=(evil,), names=(evil,), reason=evil, answer=evil)
    put(inbox, id_, answered)
    page = open_page("bob")
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    expect(page.locator(".card h2")).to_have_text([evil, "choose"])
    expect(page.locator(".notice")).to_contain_text(evil)
    expect(page.locator(".reminders .said")).to_have_text(evil)
    expect(page.locator("header .chip")).to_have_text("for you")
    expect(page.locator(".mine b")).to_have_text(evil)
    page.get_by_role("button", name="Change my answer").click()
    expect(page.locator(".choice")).to_have_text([evil, "noU+202Eyes"])
    assert page.locator(".card script, .card b b, .card img:not(.pictures img)").count() == 0
    assert page.locator(".card a[href^=javascript]").count() == 0
    expect(page.locator(".reason")).to_have_text(evil)
    page.wait_for_function("document.querySelector('.pictures img').naturalWidth === 40")


def test_a_table(inbox: Inbox, open_page: OpenPage) -> None:
    """A frame stands as a table in place of its text: names, rows, numbers at the right, its shape below."""
    head = "<tr><th></th><th>town</th><th>people</th></tr>"
    rows = "".join(f"<tr><th>{n}</th><td>{town}</td><td>{n * 1000}</td></tr>" for n, town in enumerate("ab"))
    html = f"<table><caption>2 rows × 2 columns</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"
    post(inbox.sender(), Message(title="Loaded", result="as text", html=html))
    card = open_page("bob").locator(".card")
    expect(card.get_by_role("table", name="2 rows × 2 columns")).to_be_visible()
    expect(card.get_by_role("columnheader", name="people")).to_have_class("number")
    expect(card.get_by_role("cell", name="1000")).to_have_css("text-align", "right")
    expect(card.get_by_role("rowheader")).to_have_text(["0", "1"])
    expect(card).not_to_contain_text("as text")


def test_live(inbox: Inbox, open_page: OpenPage) -> None:
    """What is posted appears without reloading, newest last, and is announced."""
    page, sender = open_page("bob"), inbox.sender()
    expect(page.locator("#empty")).to_be_visible()
    for n in range(3):
        post(sender, Message(title=f"message {n}"), f"k{n}")
    expect(page.locator(".card h2")).to_have_text([f"message {n}" for n in range(3)])
    expect(page.locator("#empty")).to_be_hidden()
    expect(page.locator("#says")).to_have_text("INFO: message 2")


def test_question_is_answered(inbox: Inbox, open_page: OpenPage) -> None:
    """A question shows what will run, its digest, who may answer, until when; a click answers."""
    asked = question(need=2, asker="ann", code="db.execute('DROP TABLE users')")
    id_ = post(inbox.sender(), Message(title=asked.text, question=asked))
    page = open_page("bob")
    assert page.title() == "(1) nbalert inbox"
    expect(page.locator("#waiting")).to_have_text("1 question waits")
    card = page.locator(".card")
    expect(card.locator("pre.code")).to_have_text(asked.code)
    expect(card.locator(".sha")).to_have_text(f"sha256 {asked.code_sha256[:12]}")
    for text in ("bob, carol", "2 approvals", "0 of 2, waiting for bob and carol", "Asked byann", "59 min"):
        expect(card).to_contain_text(text)
    card.get_by_label("Reason").fill("the backup is fresh")
    card.get_by_role("button", name="Approve").click()
    expect(card.locator(".mine")).to_contain_text("You answered approve.")
    expect(page).to_have_title("nbalert inbox")
    (given,) = inbox.sender().get(f"/api/messages/{id_}/replies").json()["replies"]
    assert (given["text"], given["way"], given["person"]) == ("approve: the backup is fresh", "button", "bob")
    card.get_by_role("button", name="Change my answer").click()
    card.get_by_role("button", name="Reject").click()
    expect(card.locator(".answers li")).to_have_count(2)
    replies = inbox.sender().get(f"/api/messages/{id_}/replies").json()["replies"]
    assert [one["text"] for one in replies] == ["approve: the backup is fresh", "decline"]


def test_own_words(inbox: Inbox, open_page: OpenPage) -> None:
    """The buttons send the words that this question's channel was given."""
    asked = question(approve=("ship it",), reject=("stop",))
    id_ = post(inbox.sender(), Message(title="Deploy?", question=asked))
    open_page("bob").get_by_role("button", name="Reject").click()
    open_page("carol").locator(".answers").wait_for()
    (given,) = inbox.sender().get(f"/api/messages/{id_}/replies").json()["replies"]
    assert given["text"] == "stop"


@pytest.mark.parametrize(
    ("outcome", "word", "options"),
    [
        (Outcome.APPROVED, "Approved by bobself-approved", {"by": ("bob",), "is_self_approved": True}),
        (Outcome.REJECTED, "Rejected by bob, carol", {"by": ("bob", "carol")}),
        (Outcome.EXPIRED, "Expired", {}),
        (Outcome.CANCELLED, "Cancelled", {}),
        (Outcome.ERROR, "Failed", {}),
    ],
)
def test_decision_is_shown_in_place(
    inbox: Inbox, open_page: OpenPage, outcome: Outcome, word: str, options: dict[str, Any]
) -> None:
    """A decision takes the buttons away and says who, when and why, without reloading."""
    message = Message(title="Drop?", question=question())
    id_ = post(inbox.sender(), message)
    page = open_page("bob")
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    put(inbox, id_, ended(message, outcome, reason="because", **options))
    expect(page.locator(".decision p").first).to_have_text(word)
    expect(page.locator(".decision .reason")).to_have_text("because")
    expect(page.locator(".decision time")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    expect(page.locator("#says")).to_have_text(f"{outcome}: Drop?")


def test_who_may_not_answer_sees_why(inbox: Inbox, open_page: OpenPage) -> None:
    """Instead of buttons there is the reason."""
    post(inbox.sender(), Message(title="Drop?", question=question()))
    page = open_page("eve")
    expect(page.locator(".objection")).to_have_text(
        "You cannot answer: you are not an approver of this question."
    )
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    assert page.title() == "nbalert inbox"


def test_time_runs_out(inbox: Inbox, open_page: OpenPage) -> None:
    """The countdown ends in "Expired", by itself."""
    asked = question(expires_at=datetime.now(UTC) + timedelta(seconds=2.5))
    post(inbox.sender(), Message(title="Drop?", question=asked))
    page = open_page("bob")
    expect(page.locator(".left")).to_have_text(re.compile(r"^[123] s left$"))
    expect(page.locator(".decision")).to_contain_text("Expired")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_hidden_characters_are_shown(inbox: Inbox, open_page: OpenPage) -> None:
    """Characters that turn or hide code are named where they stand."""
    asked = question(code="ok = 'user\u202e \u2066# admin\u2069'\u200b\nrm()")
    post(inbox.sender(), Message(title="Run?", question=asked))
    page = open_page("bob")
    expect(page.locator(".hidden-char")).to_have_text(["U+202E", "U+2066", "U+2069", "U+200B"])


def test_unfolded_code_is_whole(inbox: Inbox, open_page: OpenPage) -> None:
    """Long code is folded, and says so; unfolded, none of it runs out of sight, on a phone as well."""
    code = "x = 1" + " " * 400 + "; rm()\n" + "y = 2\n" * 200
    post(inbox.sender(), Message(title="Run?", question=question(code=code)))
    page = open_page("bob", viewport={"width": 360, "height": 700})
    expect(page.locator(".code-head")).to_contain_text("202 lines")
    page.get_by_role("button", name="Show all 202 lines").click()
    box = "document.querySelector('.ask pre')"
    assert page.evaluate(
        f"[{box}.scrollWidth - {box}.clientWidth, {box}.scrollHeight - {box}.clientHeight]"
    ) == [0, 0]
    assert page.locator(".ask .closed").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_draft_outlives_an_update(inbox: Inbox, open_page: OpenPage) -> None:
    """What somebody is writing stays, with the focus, when an answer of another person arrives."""
    id_ = post(inbox.sender(), Message(title="Drop?", question=question(need=2)))
    page = open_page("bob")
    page.get_by_label("Reason").fill("half a sen")
    reply(inbox.person("carol"), id_, "approve")
    expect(page.locator(".answers")).to_contain_text("carol")
    expect(page.get_by_label("Reason")).to_have_value("half a sen")
    expect(page.get_by_label("Reason")).to_be_focused()


def test_long_text_is_folded(inbox: Inbox, open_page: OpenPage) -> None:
    """Long text shows its beginning; all of it is a click away, also where the list had it cut."""
    sender = inbox.sender()
    post(sender, Message(title="short", output="line\n" * 40), "a")
    post(sender, Message(title="long", output="".join(f"line {n}\n" for n in range(9000))), "b")
    page = open_page("bob")
    short, long = page.locator(".card").nth(0), page.locator(".card").nth(1)
    short.get_by_role("button", name="Show all 41 lines").click()
    expect(short.get_by_role("button", name="Show less")).to_be_visible()
    expect(long).not_to_contain_text("line 4500\n")
    long.get_by_role("button", name="Show all").click()
    expect(long).to_contain_text("line 4500")


def test_keyboard(inbox: Inbox, open_page: OpenPage) -> None:
    """j and k walk, n finds the question, a and Enter approve, ? helps; in a field the keys are letters."""
    sender = inbox.sender()
    for n in range(3):
        post(sender, Message(title=f"message {n}"), f"k{n}")
    asked = post(sender, Message(title="Drop?", question=question()), "q")
    page = open_page("bob")
    page.keyboard.press("k")
    expect(page.locator(".card").nth(3)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(".card").nth(2)).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator(".card").nth(3)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.type("jar")
    expect(page.get_by_label("Reason")).to_have_value("jar")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    assert sender.get(f"/api/messages/{asked}/replies").json()["replies"] == []
    page.keyboard.press("Enter")
    expect(page.locator(".mine")).to_be_visible()
    assert sender.get(f"/api/messages/{asked}/replies").json()["replies"][0]["text"] == "approve: jar"


def test_newest_unless_scrolled_up(inbox: Inbox, open_page: OpenPage) -> None:
    """The page follows the newest message, but not under the eyes of somebody who reads further up."""
    sender = inbox.sender()
    for n in range(30):
        post(sender, Message(title=f"message {n}"), f"k{n}")
    page = open_page("bob")
    expect(page.locator(".card").last).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator("#newest")).to_be_visible()  # from now on the page knows
    post(sender, Message(title="one more"), "more")
    expect(page.locator("#newest")).to_have_text("1 new")
    assert page.evaluate("scrollY") == 0
    page.click("#newest")
    expect(page.get_by_role("heading", name="one more")).to_be_in_viewport()
    post(sender, Message(title="and another"), "another")
    expect(page.get_by_role("heading", name="and another")).to_be_in_viewport()


def test_older_on_demand(inbox: Inbox, open_page: OpenPage) -> None:
    """Older messages come by a click without moving what is read; an old open question is there at once."""
    sender = inbox.sender()
    post(sender, Message(title="old question", question=question()), "q")
    for n in range(120):
        post(sender, Message(title=f"message {n}"), f"k{n}")
    page = open_page("bob")
    expect(page.locator(".card")).to_have_count(51)
    expect(page.locator("#islands .card")).to_have_count(1)
    page.evaluate("scrollTo(0, 0)")
    top = "document.querySelector('#messages .card[data-number=\"72\"]').getBoundingClientRect().top"
    before = page.evaluate(top)
    page.click("#older")
    expect(page.locator(".card")).to_have_count(101)
    assert abs(page.evaluate(top) - before) < 2
    page.evaluate("scrollTo(0, 0)")
    page.click("#older")
    expect(page.locator(".card")).to_have_count(121)
    expect(page.locator("#islands .card")).to_have_count(0)
    expect(page.locator("#older")).to_be_hidden()


def test_link_to_a_message(inbox: Inbox, open_page: OpenPage) -> None:
    """The address that a receipt names leads to its message, however old."""
    sender = inbox.sender()
    wanted = post(sender, Message(title="wanted"), "wanted")
    for n in range(80):
        post(sender, Message(title=f"message {n}"), f"k{n}")
    page = open_page("bob")
    page.goto(f"{inbox.url}/#m={wanted}")
    expect(page.locator(f"#m-{wanted}")).to_be_focused()
    expect(page.locator(f"#m-{wanted}")).to_be_in_viewport()


def test_lost_and_found(inbox: Inbox, open_page: OpenPage) -> None:
    """While the server is away the page says so, and an answer is not lost silently; then it catches up."""
    message = Message(title="Drop?", question=question())
    id_ = post(inbox.sender(), message)
    page = open_page("bob")
    inbox.stop()
    expect(page.locator("#lost")).to_contain_text("Connection lost")
    expect(page.locator("#link")).to_have_text("Offline")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".card .problem")).to_contain_text("your answer was not sent")
    inbox.start()
    put(inbox, id_, ended(message, Outcome.CANCELLED))
    post(inbox.sender(), Message(title="said meanwhile"), "k")
    expect(page.locator("#link")).to_have_text("Live", timeout=30_000)
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.get_by_role("heading", name="said meanwhile")).to_be_visible()
    expect(page.locator(".decision")).to_contain_text("Cancelled")


@pytest.mark.parametrize("width", [360, 800])
def test_nothing_sticks_out(inbox: Inbox, open_page: OpenPage, width: int) -> None:
    """Whatever is long is broken or scrolls in its own box: the page itself never scrolls sideways."""
    word = "x" * 500
    asked = question(word, code=word, approvers=(word, "bob"), choices=(word[:400], "x"), need=2)
    message = Message(
        title=word,
        text=word,
        result=word,
        error=word,
        metadata={word: word},
        source=Source(notebook=word),
        question=asked,
    )
    sender = inbox.sender()
    id_ = post(sender, message)
    reference = reply(inbox.person("bob"), id_, word[:400]).json()["reference"]
    sender.post(f"/api/messages/{id_}/notices", json={"reply": reference, "text": word})
    body = {"key": "r", "title": word, "mention": [word]}
    sender.post(f"/api/messages/{id_}/reminders", json=body).raise_for_status()
    page = open_page("bob", viewport={"width": width, "height": 700})
    page.get_by_role("button", name="Change my answer").click()
    expect(page.locator(".card")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(inbox: Inbox, open_page: OpenPage, scheme: Any) -> None:
    """Every text stands out from what is behind it by 4.5 to 1 (WCAG 2.2, 1.4.3), in light and in dark."""
    sender = inbox.sender()
    for level in Level:
        message = Message(
            title="t", text="t", level=level, error="e", metadata={"a": 1}, source=Source(host="h")
        )
        post(sender, message, level.name)
    asked = Message(
        title="q", question=question(code="@a\ndef f(x): return 'x', 1  # c", approvers=("anyone",))
    )
    post(sender, asked, "open")
    for outcome in (Outcome.APPROVED, Outcome.REJECTED, Outcome.EXPIRED):
        post(sender, ended(asked, outcome, by=("bob",), reason="r", is_self_approved=True), outcome)
    for kind in ({"choices": ("blue", "green")}, {"input": "int"}):
        one = question(str(kind), need=2, redacted=1, **kind)
        id_ = post(sender, Message(title="q", question=one, mention=("bob",)), one.id)
        given = [reply(inbox.person("carol"), id_, text).json() for text in ("blue", "green", "1", "2")]
        notice = {"reply": next(one["reference"] for one in given if "reference" in one), "text": "late"}
        sender.post(f"/api/messages/{id_}/notices", json=notice)
        reminder = {"key": "r", "title": "soon", "mention": ["bob"]}
        sender.post(f"/api/messages/{id_}/reminders", json=reminder).raise_for_status()
    page = open_page("bob", color_scheme=scheme)
    page.get_by_role("button", name="Answer").click()
    expect(page.locator(".problem:visible")).to_have_count(1)
    expect(page.locator("#reminded button")).to_have_count(2)
    assert json.loads(page.evaluate(CONTRAST)) == []
    page.context.close()
    assert json.loads(open_page("carol", color_scheme=scheme).evaluate(CONTRAST)) == []


CONTRAST = """() => {
  const shade = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * shade(r) + 0.7152 * shade(g) + 0.0722 * shade(b);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const bad = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.checkVisibility() || node.closest(".unseen, dialog, noscript")) continue;
    const behind = [];
    for (let up = node; up; up = up.parentElement) behind.unshift(getComputedStyle(up).backgroundColor);
    const base = light(over(behind)), text = light(over([...behind, getComputedStyle(node).color]));
    const ratio = (Math.max(base, text) + 0.05) / (Math.min(base, text) + 0.05);
    if (ratio < 4.5) bad.push([node.className || node.tagName, node.textContent, ratio]);
  }
  return JSON.stringify(bad);
}"""
