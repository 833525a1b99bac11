from __future__ import annotations

import json
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalert.errors import ChannelRefused
from nbalert.message import Image, Level, Message, Posted, Receipt, Source
from nbalert.question import Decision, Outcome
from tests.inboxes import question

texts = st.text()
messages = st.builds(
    Message,
    title=texts,
    text=texts,
    level=st.sampled_from(Level),
    code=texts,
    traceback=texts,
    images=st.lists(st.builds(Image, data=st.binary(), name=texts), max_size=2).map(tuple),
    metadata=st.dictionaries(texts, texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False)),
    source=st.builds(Source, notebook=texts, cell_number=st.none() | st.integers()),
    duration_s=st.none() | st.floats(0, 1e6),
)


@given(messages)
def test_json(message: Message) -> None:
    """A message survives JSON whole."""
    assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message


@pytest.mark.parametrize("outcome", Outcome)
def test_a_question_and_its_decision_survive(outcome: Outcome) -> None:
    """A decision that is false is a decision all the same."""
    decision = Decision(question_id="q", outcome=outcome, decided_at=datetime.now(UTC))
    message = Message(title="?", question=question(), decision=decision)
    assert Message.from_json(message.to_json()) == message


def test_metadata_that_json_has_not() -> None:
    """A loss of nan, an endless one and a number of another library arrive as text."""

    class Float32:
        def __repr__(self) -> str:
            return "0.5"

    odd: Any = {"loss": float("nan"), "best": float("-inf"), "step": Float32(), "ok": True, 7: 1.5}
    data = Message(title="x", metadata=odd).to_json()["metadata"]
    assert data == {"loss": "nan", "best": "-inf", "step": "0.5", "ok": True, "7": 1.5}
    json.dumps(data, allow_nan=False)


def test_what_a_channel_gets_as_html_is_a_table_of_text() -> None:
    """Whoever wrote the message: scripts, pictures and links do not come through JSON."""
    row = "<tr><td onclick=x()>a<script>x()</script><img src=x onerror=x()>&lt;b&gt;</td></tr>"
    data = Message(title="x", html=f"<table style=x>{row}</table>").to_json()
    assert Message.from_json(data).html == (
        "<table><caption>1 row × 1 column</caption><tbody><tr><td>a&lt;b&gt;</td></tr></tbody></table>"
    )
    assert Message.from_json({**data, "html": "<a href=javascript:x()>x</a>"}).html == ""


def test_unknown_keys_are_ignored() -> None:
    """A newer version's message can be read."""
    assert Message.from_json({**Message(title="x").to_json(), "from the future": 1}).title == "x"


def test_levels() -> None:
    """They are ordered, read in any case, and an unknown one names the four."""
    assert Level.OK < Level.INFO < Level.WARNING < Level.CRITICAL
    assert Level.parse(" warning ") is Level.WARNING
    with pytest.raises(ValueError, match="unknown level 'loud'; levels: OK, INFO, WARNING, CRITICAL"):
        Level.parse("loud")


def test_posted() -> None:
    """It is true, waits for receipts, and raises the channel's refusal or that time is up."""
    receipt = Receipt(channel="c", reference="1")
    assert Receipt.from_json(receipt.to_json()) == receipt
    future: Future[list[Receipt]] = Future()
    posted = Posted("id", future)
    assert posted
    with pytest.raises(TimeoutError, match="on its way, and kept: `nbalert status`"):
        posted.wait(0.01)
    future.set_result([receipt])
    assert posted.wait() == [receipt]
    refused: Future[list[Receipt]] = Future()
    refused.set_exception(ChannelRefused("no"))
    with pytest.raises(ChannelRefused):
        Posted("id", refused).wait()
