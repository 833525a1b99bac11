"""The view of a question, drawn in a shell: what it says while it waits, and what stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from nbalert.errors import NotApproved
from nbalert.message import Receipt
from nbalert.pending import Pending
from nbalert.policy import ANYONE, Policy, Reply
from nbalert.question import Decision, Outcome, Question, sha256_of
from nbalert.widgets import view_of
from nbalert.widgets.ask_status import AskStatus
from nbalert.widgets.stopping import Stop

CODE = "drop(users)"
WIDGET = "application/vnd.jupyter.widget-view+json"


class Put:
    """A question that was put, as a view knows it."""

    def __init__(
        self,
        text: str = "Drop <users>?",
        expires_s: float | None = 3600,
        code: str = "",
        redacted: int = 0,
        escalate_after_s: float | None = None,
        **policy: Any,
    ) -> None:
        now = datetime.now(UTC)
        expires_at = None if expires_s is None else now + timedelta(seconds=expires_s)
        self.question = Question(
            id="q",
            text=text,
            code=code,
            code_sha256=sha256_of(code),
            redacted=redacted,
            escalate_to="oncall",
            escalate_after_s=escalate_after_s,
            run="run",
            policy=Policy(**{"approvers": (ANYONE,), **policy}),
            asked_at=now,
            expires_at=expires_at,
        )
        self.channels: tuple[str, ...] = ("team",)
        self.channel = "team"
        self.pending = Pending("q")
        self.cancelled: list[str] = []

    def cancel(self, reason: str) -> None:
        """Note it."""
        self.cancelled.append(reason)


@pytest.fixture(autouse=True)
def shell() -> Iterator[Any]:
    """What displays are published by."""
    shell: Any = InteractiveShell.instance()
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def decision(outcome: Outcome, reason: str = "", by: tuple[str, ...] = ()) -> Decision:
    """How it ended."""
    return Decision(question_id="q", outcome=outcome, reason=reason, by=by, decided_at=datetime.now(UTC))


def closed(put: Put, ended: Decision) -> dict[str, str]:
    """What stays of a question."""
    view = AskStatus(put)
    with capture_output() as captured:
        view.show()
        view.close(ended)
    first, last = captured.outputs
    assert set(first.data) == {"text/plain", "text/html", WIDGET}
    assert set(last.data) == {"text/plain", "text/html"}
    return dict(last.data)


def drawn(put: Put, *heard: Receipt | Reply) -> str:
    """What the widget shows of an open question."""
    view = AskStatus(put)
    for one in heard:
        view._hear(one)
    view._refresh()
    shown = "".join(str(part.value) for part in view._parts)
    view.close(decision(Outcome.CANCELLED))
    return shown


@pytest.mark.parametrize("outcome", Outcome)
def test_what_stays(outcome: Outcome) -> None:
    """Each outcome leaves its word, who decided and why, as text and as HTML without a widget."""
    data = closed(Put(), decision(outcome, "not <b>now", ("ann",)))
    assert f"Drop <users>? [team]: {outcome} by ann: not <b>now" in data["text/plain"]
    assert outcome.value.capitalize() in data["text/html"]
    assert "by ann: not &lt;b&gt;now" in data["text/html"]
    assert "Drop &lt;users&gt;?" in data["text/html"]
    assert "asked on team" in data["text/html"]
    assert "<a " not in data["text/html"]


def test_open_question() -> None:
    """While it waits it shows the question, the channel, who may answer, and how long that is possible."""
    shown = drawn(Put(expires_s=90.5, approvers=("ann", "<bob>"), need=2, code=CODE, redacted=2))
    for words in (
        "Waiting",
        "Drop &lt;users&gt;?",
        "on its way to team",
        "1 min 30 s left",
        "asked 0 s ago",
        "0 of 2, waiting for ann and &lt;bob&gt;",
        f"code sha256 {sha256_of(CODE)[:12]}",
        "2 secrets blotted out",
    ):
        assert words in shown
    assert "left" not in drawn(Put(expires_s=None)).partition("</style>")[2]
    assert "Waiting for anyone" in drawn(Put())
    assert "one of blue, &lt;green&gt;" in drawn(Put(choices=("blue", "<green>")))
    assert "a whole number" in drawn(Put(input="int"))
    assert re.search(r"oncall is asked as well at \d\d:\d\d", drawn(Put(escalate_after_s=600.0)))
    assert "· oncall is asked as well</div>" in drawn(Put(escalate_after_s=0.0))


def test_answers_are_shown() -> None:
    """An answer that does not decide is shown, with the reason why it does not count."""
    put = Put(approvers=("ann", "bob"), need=2, choices=("blue", "green"))
    at = datetime.now(UTC)
    shown = drawn(
        put,
        Receipt(channel="team", reference="1"),
        Reply(reference="2", person="ann", text="blue: <i>go", at=at),
        Reply(reference="3", person="eve", name="E\n<b>", text="blue", at=at),
        Reply(reference="4", person="bob", text="yes", at=at),
    )
    assert "asked on team" in shown
    assert "1 of 2 for blue, waiting for bob" in shown
    assert "✓</span> <strong>ann</strong>: blue: &lt;i&gt;go" in shown
    stranger = "blue (does not count: you are not an approver of this question)"
    assert f"·</span> <strong>E &lt;b&gt;</strong>: {stranger}" in shown
    assert "<strong>bob</strong>: yes (does not count: Reply blue or green; or " in shown


def test_several_channels() -> None:
    """It says where the question stands already, and where it does not yet."""
    put = Put()
    put.channels = ("team", "<ops>")
    shown = drawn(put, Receipt(channel="team", reference="1"))
    assert "asked on team · on its way to &lt;ops&gt;" in shown
    both = drawn(put, *(Receipt(channel=name, reference="1") for name in put.channels))
    assert "asked on team, &lt;ops&gt;" in both


def test_closed_for_good() -> None:
    """After the decision neither widget nor a late answer draws anything; no link is left in its state."""
    put = Put()
    view = AskStatus(put)
    with capture_output():
        view.show()
        view.close(decision(Outcome.APPROVED))
        view.close(decision(Outcome.APPROVED))
    put.pending.hear(Reply(reference="2", person="ann", text="yes", at=datetime.now(UTC)))
    view._refresh()
    assert [part.value for part in view._parts] == [""] * 3


def test_no_button_where_no_click_would_be_heard() -> None:
    """Outside a kernel nothing could bring the click, so there is no Cancel."""
    view = AskStatus(Put())
    assert len(view._box.children) == 3
    view.close(decision(Outcome.CANCELLED))


def test_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a kernel a question is lines on stderr: asked, each answer as it comes, how it has ended."""
    put = Put(approvers=("ann", "bob"), need=2, code=CODE)
    view = view_of(put)
    view.show()
    at = datetime.now(UTC)
    put.pending.hear(Receipt(channel="team", reference="1", link="https://chat.example/1"))
    put.pending.hear(Reply(reference="2", person="ann", text="yes:\x1b[31m red", at=at))
    put.pending.hear(Reply(reference="3", person="eve", text="no", at=at))
    view.close(decision(Outcome.REJECTED, "no", ("bob",)))
    put.pending.hear(Reply(reference="4", person="bob", text="yes", at=at))
    asked, *lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"nbalert: asked on team: Drop <users>\? "
        r"\(0 of 2, waiting for ann and bob, until 20\d\d-[\d :-]+, sha256 [0-9a-f]{12}\)",
        asked,
    )
    assert lines == [
        "nbalert: it stands at https://chat.example/1",
        "nbalert: ann: approved: [31m red; 1 of 2, waiting for bob",
        "nbalert: eve: rejected (does not count: you are not an approver of this question); "
        "1 of 2, waiting for bob",
        "nbalert: rejected by bob: no",
    ]


def test_an_answer_stays() -> None:
    """The choice or the typed answer stands in what stays, with who, when and which code."""
    ended = Decision(
        question_id="q",
        outcome=Outcome.APPROVED,
        by=("U1", "bob"),
        names=("Ann", "bob"),
        answer="<b>blue</b>",
        reason="as ever",
        is_self_approved=True,
        decided_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    data = closed(Put(code=CODE, choices=("<b>blue</b>", "green")), ended)
    who = "by Ann (U1), bob (self-approved): as ever"
    assert f"approved '<b>blue</b>' {who} (2026-01-0" in data["text/plain"]
    assert "answer: <strong>&lt;b&gt;blue&lt;/b&gt;</strong>" in data["text/html"]
    assert f">{who}</div>" in data["text/html"]
    assert f"code sha256 {sha256_of(CODE)[:12]}" in data["text/html"]


def test_cancel_with_a_reason() -> None:
    """The reason is that of the field in one line, or where it came from; a second click does nothing."""
    heard: list[str] = []
    for reason, told in (("", "cancelled in the notebook"), (" wrong\n table ", "wrong table")):
        stop = Stop(heard.append)
        field, button = stop.box.children
        field.value = reason
        button.click()
        assert (heard.pop(), button.disabled) == (told, True)
    stop.box.close()


def test_not_approved_is_one_line() -> None:
    """Whatever people write, the error is one line with who and why, and moves no cursor."""
    ended = decision(Outcome.REJECTED, "not\nnow\x1b[2J \u202enever", ("ann", "bob"))
    error = NotApproved(ended)
    assert error._render_traceback_() == ["NotApproved: rejected by ann, bob: not now [2J never"]
    assert error.decision is ended
