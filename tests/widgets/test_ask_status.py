"""The view of a question, drawn in a shell: what it says while it waits, and what stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from nbalert.message import Receipt
from nbalert.pending import Pending
from nbalert.policy import ANYONE, Policy, Reply
from nbalert.question import Decision, Outcome, Question
from nbalert.widgets import view_of
from nbalert.widgets.ask_status import AskStatus

WIDGET = "application/vnd.jupyter.widget-view+json"


class Put:
    """A question that was put, as a view knows it."""

    def __init__(self, text: str = "Drop <users>?", expires_s: float | None = 3600, **policy: Any) -> None:
        now = datetime.now(UTC)
        expires_at = None if expires_s is None else now + timedelta(seconds=expires_s)
        self.question = Question(
            id="q",
            text=text,
            code="",
            run="run",
            policy=Policy(**{"approvers": (ANYONE,), **policy}),
            asked_at=now,
            expires_at=expires_at,
        )
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
    shown = str(view._html.value)
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
    shown = drawn(Put(expires_s=90.5, approvers=("ann", "<bob>"), need=2))
    for words in (
        "Waiting",
        "Drop &lt;users&gt;?",
        "on its way to team",
        "1 min 30 s left",
        "waiting for 0 s",
    ):
        assert words in shown
    assert "may answer: ann, &lt;bob&gt;, 2 have to approve" in shown
    assert "left" not in drawn(Put(expires_s=None)).partition("</style>")[2]
    assert "anyone may answer" in drawn(Put())


def test_answers_are_shown() -> None:
    """An answer that does not decide is shown, with the reason why it does not count."""
    at = datetime.now(UTC)
    shown = drawn(
        Put(approvers=("ann", "bob"), need=2),
        Receipt(channel="team", reference="1"),
        Reply(reference="2", person="ann", text="yes: <i>go", at=at),
        Reply(reference="3", person="eve", text="yes", at=at),
    )
    assert "asked on team" in shown
    assert "<strong>ann</strong> yes: &lt;i&gt;go" in shown
    assert "<strong>eve</strong> yes (does not count: you are not an approver of this question)" in shown


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
    assert view._html.value == ""


def test_no_button_where_no_click_would_be_heard() -> None:
    """Outside a kernel nothing could bring the click, so there is no Cancel."""
    view = AskStatus(Put())
    assert len(view._box.children) == 1
    view.close(decision(Outcome.CANCELLED))


def test_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a kernel a question is two lines on stderr."""
    view = view_of(Put())
    view.show()
    view.close(decision(Outcome.REJECTED, "no", ("ann",)))
    assert capsys.readouterr().err == "nbalert: asked on team: Drop <users>?\nnbalert: rejected by ann: no\n"
