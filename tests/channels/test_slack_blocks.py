from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbalert.channels.excerpts import cut
from nbalert.channels.slack_blocks import BLOCKS_CHARS, Rendered, render
from nbalert.channels.slack_words import escaped, mention, size_of
from nbalert.message import Level, Message, Source
from nbalert.question import Decision, Outcome
from tests.chat_servers import slack_rules
from tests.chat_servers.schemas import faults
from tests.inboxes import question

UNIT = st.one_of(
    st.text(max_size=30),
    st.text(alphabet='<>&@!#*_~`|:\n\r\t\x00\ud800🚀\u202e"\\\\', max_size=30),
    st.sampled_from(["<!channel>", "<@UBOB>", "<!subteam^S1>", "```", "x", "\n", "🚀", "&", '"']),
)
HOSTILE = st.tuples(UNIT, st.sampled_from([1, 1, 10, 1000, 30_000]))
"""A text, and how often it is repeated."""
PARTS = ("title", "text", "code", "result", "error", "traceback", "output")


def checked(rendered: Rendered) -> str:
    """What a reader sees of it; Slack takes it, and an update with it, as its own types say."""
    shown = {name: rendered.arguments[name] for name in ("text", "blocks")}
    assert faults("slack_PostMessage", {"channel": "C1", **shown}) == []
    assert faults("slack_Update", {"channel": "C1", "ts": "1.2", **shown}) == []
    for is_update in (False, True):
        assert slack_rules.fault_of(rendered.arguments, is_update=is_update) == ""
    assert size_of(shown["blocks"]) <= BLOCKS_CHARS
    shown["text"].encode()
    return slack_rules.shown(shown["blocks"])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.tuples(*(HOSTILE for _ in PARTS)),
    st.lists(st.tuples(UNIT, HOSTILE), max_size=30),
    st.tuples(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    st.booleans(),
)
def test_any_message(parts: Any, fields: Any, source: Any, asks: bool) -> None:
    """Whatever it holds, Slack takes it, and it notifies nobody."""
    texts = {name: unit * times for name, (unit, times) in zip(PARTS, parts, strict=True)}
    metadata = {name: unit * times for name, (unit, times) in fields}
    where = dict(
        zip(("notebook", "host", "user", "link"), (unit * times for unit, times in source), strict=True)
    )
    asked = question(texts["title"], id="q", code=texts["code"], choices=tuple(metadata)) if asks else None
    rendered = render(Message(**texts, metadata=metadata, source=Source(**where), question=asked))
    checked(rendered)
    assert slack_rules.notified(rendered.arguments) == []
    assert slack_rules.notified({"text": rendered.arguments["text"]}) == []


def test_levels() -> None:
    """A headline in the colour of the level."""
    shown = [checked(render(Message(title="x", level=level))) for level in Level]
    assert shown == ["🟢 x", "🔵 x", "🟠 x", "🔴 x"]


def test_where_it_comes_from() -> None:
    """Notebook, cell, who, kernel, commit, how long, and the way back, in small print."""
    source = Source(
        notebook="/home/ann/a_b.ipynb",
        cell_number=3,
        user="ann",
        host="hub",
        link="https://h/x|y",
        commit="1a2b",
        kernel="Python 3",
    )
    shown = checked(render(Message(title="x", source=source, duration_s=65)))
    told = "a_b.ipynb, cell 3 · ann@hub · Python 3 · commit 1a2b · 1 min 5 s"
    assert f"{told} · <https://h/x%7Cy|open the notebook>" in shown
    assert "<" not in checked(render(Message(title="x", source=replace(source, link="javascript:x"))))


def test_addresses_can_be_clicked() -> None:
    """In text and in fields; a full stop at their end is none of them."""
    blocks = render(
        Message(title="x", text="see https://x.y/z?a=1&b=2.", metadata={"at": "https://w.z"})
    ).arguments
    links = [e["url"] for e in slack_rules._all(blocks["blocks"]) if e.get("type") == "link"]
    assert links == ["https://x.y/z?a=1&b=2", "https://w.z"]


def test_mentions() -> None:
    """Those that are meant notify, in blocks and in the notification; others are text."""
    message = Message(title="<@UANN>", mention=("UBOB", "S0AB", "here", "<!channel>"))
    rendered = render(message)
    checked(rendered)
    assert slack_rules.notified(rendered.arguments) == ["@UBOB", "!subteam^S0AB", "!here"]
    assert mention("U1 <!channel>") == "U1 &lt;!channel&gt;"


@pytest.mark.parametrize(
    ("part", "file", "shows"),
    [
        ("text", "text.txt", "first"),
        ("result", "result.txt", "first"),
        ("output", "output.txt", "last"),
        ("code", "cell.py", "first"),
    ],
)
def test_what_is_cut(part: str, file: str, shows: str) -> None:
    """It says how much is missing, shows the end that matters, and goes along whole."""
    text = "first\n" + "x" * 30_000 + "\nlast"
    parts: Any = {part: text}
    rendered = render(Message(title="x", **parts))
    shown = checked(rendered)
    assert "characters cut" in shown
    assert shows in shown
    assert [(one.name, one.text) for one in rendered.files] == [(file, text)]


def test_a_traceback() -> None:
    """Head and tail of a long one; the whole one with every frame goes along."""
    story = "ValueError: no rows\n" + "frame\n" * 3000 + "the last frame"
    rendered = render(Message(title="x", error="ValueError: no rows", traceback=story, whole_traceback="all"))
    shown = checked(rendered)
    assert shown.count("ValueError: no rows") == 1
    assert "the last frame" in shown
    assert [(one.name, one.text) for one in rendered.files] == [("traceback.txt", "all")]


def test_more_fields_than_there_is_room() -> None:
    """What is left out is counted."""
    shown = checked(render(Message(title="x", metadata={f"f{n}": n for n in range(50)})))
    assert "f19: 19" in shown
    assert "30 more" in shown


def test_a_question() -> None:
    """Its code whole, what it is by its digest, what was blotted out, who may answer, and how."""
    asked = replace(question(approvers=("UBOB",), need=1, code="db.drop()"), redacted=2)
    rendered = render(Message(title=asked.text, code=asked.code, question=asked), names={"UBOB": "Bob"})
    shown = checked(rendered)
    for part in (
        "Will run",
        "db.drop()",
        asked.code_sha256,
        "2 secret(s)",
        "may answer: Bob",
        "until <!date^",
    ):
        assert part in shown
    assert rendered.has_whole_code
    approve, reject = slack_rules.buttons(rendered.arguments["blocks"]).values()
    assert (approve["style"], reject["style"]) == ("primary", "danger")
    assert approve["confirm"]["style"] == "danger"
    assert "confirm" not in reject
    assert slack_rules.notified(rendered.arguments) == []


def test_a_question_without_code() -> None:
    """There is nothing to run, so a click is not asked for twice."""
    asked = question("Lunch?", code="")
    buttons = slack_rules.buttons(render(Message(title="Lunch?", question=asked)).arguments["blocks"])
    assert ["confirm" in button for button in buttons.values()] == [False, False]


@pytest.mark.parametrize(("count", "buttons"), [(2, 3), (26, 27), (150, 0)])
def test_choices(count: int, buttons: int) -> None:
    """Rows of 25; of too many the hint says how to reply."""
    asked = question("Which?", code="", choices=tuple(f"c{n}" for n in range(count)))
    rendered = render(Message(title="Which?", question=asked))
    assert len(slack_rules.buttons(rendered.arguments["blocks"])) == buttons
    assert "Reply c0" in checked(rendered)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_ending(outcome: Outcome) -> None:
    """It is shown, in the notification too; the ways to answer are gone."""
    asked = question(approvers=("UBOB",))
    bob: Any = {"by": ("UBOB",), "names": ("Bob",), "reason": "<!here>"}
    decision = Decision(question_id=asked.id, outcome=outcome, decided_at=datetime.now(UTC), **bob)
    rendered = render(Message(title="x", code=asked.code, question=asked, decision=decision))
    shown = checked(rendered)
    assert f"{outcome} by Bob (UBOB): <!here>" in shown
    assert f"{outcome} by Bob (UBOB): &lt;!here&gt;" in rendered.arguments["text"]
    assert "Reply" not in shown
    assert slack_rules.buttons(rendered.arguments["blocks"]) == {}


def test_blocks_of_ones_own() -> None:
    """They take the place of ours; a question still shows its code, its buttons and how to answer."""
    own = [{"type": "divider"}]
    message = Message(
        title="x", text="y", native={"slack": {"blocks": own, "text": "z", "icon_emoji": ":tada:"}}
    )
    arguments = render(message).arguments
    assert arguments == {"text": "z", "blocks": own, "icon_emoji": ":tada:"}
    asked = question()
    rendered = render(replace(message, code=asked.code, question=asked))
    assert rendered.arguments["blocks"][0] == own[0]
    assert "db.drop()" in checked(rendered)
    assert list(slack_rules.buttons(rendered.arguments["blocks"])) == ["Approve", "Reject"]
    other = {"channel": "C2", "token": "xoxb-x", "metadata": {}}
    assert set(render(Message(title="x", native={"slack": other})).arguments) == {"text", "blocks"}


def test_words() -> None:
    """Three characters are escaped and no others; what is cut says so at the cut."""
    assert escaped("<!here> & *b* \x1b") == "&lt;!here&gt; &amp; *b* ␛"
    assert cut("abcdef", 4) == "abcd\n… 2 characters cut …"
    assert cut("abcdef", 4, "tail") == "… 2 characters cut …\ncdef"
    assert cut("abcdef", 4, "ends") == "ab\n… 2 characters cut …\nef"
    assert cut("abcd", 4) == "abcd"
