from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nbalert.cell_message import SHOWN_CHARS, TEXT_CHARS, WHOLE_CHARS, Parts, cell_message, cut
from nbalert.endings import Outcome
from nbalert.message import Level, Source
from nbalert.recording import CellRun

PNG = b"\x89PNG picture"
WHERE = Source(notebook="from-the-session.ipynb", host="box", user="carl", link="https://hub/x")
RUN = CellRun(
    id="run-7",
    source="%%alert\nx = 1\nx",
    body="x = 1\nx\n",
    outcome=Outcome.OK,
    result={"text/plain": "1"},
    displayed=(),
    stdout="printed\n",
    stderr="",
    ename=None,
    evalue=None,
    traceback="",
    story="",
    duration_s=2.5,
    execution_count=7,
    cell_id="cell-7",
    notebook="/home/carl/training.ipynb",
    alert_line="",
    is_auto=False,
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_all_parts() -> None:
    """A message carries code, result, output, duration and where the cell ran."""
    message = cell_message(RUN, Parts(), WHERE)
    assert message.title == "training [7] finished in 2.5 s"
    assert (message.level, message.code, message.result, message.output) == (
        Level.OK,
        "x = 1\nx",
        "1",
        "printed",
    )
    assert (message.error, message.traceback, message.images) == ("", "", ())
    assert message.duration_s == 2.5
    assert message.source == WHERE


@pytest.mark.parametrize(
    ("outcome", "says", "level"),
    [
        (Outcome.OK, "finished in 2.5 s", Level.OK),
        (Outcome.FAILED, "failed after 2.5 s", Level.CRITICAL),
        (Outcome.DISPLAY_FAILED, "finished, but its result cannot be shown, in 2.5 s", Level.WARNING),
        (Outcome.INTERRUPTED, "was interrupted after 2.5 s", Level.WARNING),
        (Outcome.EXIT, "called exit after 2.5 s", Level.INFO),
    ],
)
def test_each_ending_has_its_words_and_level(outcome: Outcome, says: str, level: Level) -> None:
    """The title says how the cell ended, the level how bad that is."""
    message = cell_message(replace(RUN, outcome=outcome), Parts(), WHERE)
    assert (message.title, message.level) == (f"training [7] {says}", level)


def test_title_without_a_notebook_or_a_number() -> None:
    """Where the front end tells neither, the title does without."""
    run = replace(RUN, notebook=None, execution_count=None, cell_id=None)
    message = cell_message(run, Parts(), WHERE)
    assert message.title == "Cell finished in 2.5 s"
    assert cell_message(run, Parts(title="Mine"), WHERE).title == "Mine"


def test_error() -> None:
    """The exception in one line, with and without a text of its own, and the traceback."""
    failed = replace(
        RUN,
        outcome=Outcome.FAILED,
        ename="ValueError",
        evalue="no rows",
        traceback="Traceback …",
        story="What",
    )
    message = cell_message(failed, Parts(), WHERE)
    assert (message.error, message.traceback) == ("ValueError: no rows", "What")
    assert message.whole_traceback == "Traceback …"
    assert cell_message(replace(failed, story="Traceback …"), Parts(), WHERE).whole_traceback == ""
    assert cell_message(replace(failed, evalue=""), Parts(), WHERE).error == "ValueError"


def test_parts_are_left_out() -> None:
    """What the options leave out is not there; an error always is."""
    figure = {"image/png": base64.b64encode(PNG).decode()}
    failed = replace(RUN, displayed=(figure,), ename="E", evalue="e", story="Traceback …")
    bare = Parts(has_code=False, has_output=False, has_images=False)
    message = cell_message(failed, bare, WHERE)
    assert (message.code, message.result, message.output, message.images) == ("", "", "", ())
    assert (message.error, message.traceback) == ("E: e", "Traceback …")


def test_pictures() -> None:
    """Displays and the last value as bytes, in order; the text of a figure says nothing beside it."""
    png = base64.b64encode(PNG).decode()
    run = replace(
        RUN,
        displayed=({"text/plain": "<Figure>", "image/png": png}, {"image/svg+xml": "<svg/>"}),
        result={"text/plain": "<Image>", "image/jpeg": png},
    )
    message = cell_message(run, Parts(), WHERE)
    assert [(image.mime, image.name, image.data) for image in message.images] == [
        ("image/png", "figure-1.png", PNG),
        ("image/svg+xml", "figure-2.svg", b"<svg/>"),
        ("image/jpeg", "figure-3.jpg", PNG),
    ]
    assert (message.result, message.output) == ("", "printed")


def test_text_of_a_bundle() -> None:
    """Markdown before plain text; a table keeps its text beside its picture; displays join the output."""
    table = {"text/plain": "a b", "text/html": "<table>", "image/png": base64.b64encode(PNG).decode()}
    run = replace(RUN, result=table, displayed=({"text/markdown": "**bold**", "text/plain": "<M>"},))
    message = cell_message(run, Parts(), WHERE)
    assert (message.result, message.output) == ("a b", "printed\n**bold**")
    nothing = cell_message(replace(RUN, result=None, stdout="", stderr="\n"), Parts(), WHERE)
    assert (nothing.result, nothing.output) == ("", "")


def test_a_table_is_text_and_html() -> None:
    """The last value, or else what was displayed last; one displayed before is text of the output."""
    frame = {
        "text/plain": "   a",
        "text/html": "<table><tr><th></th><th>a</th></tr><tr><th>0</th><td>7</td></table>",
    }
    text, html = "1 row × 1 column\n\n   a\n0  7", "<caption>1 row × 1 column</caption>"
    message = cell_message(replace(RUN, result=frame), Parts(), WHERE)
    assert message.result == text
    assert html in message.html
    message = cell_message(replace(RUN, result=None, displayed=(frame, frame)), Parts(), WHERE)
    assert (message.result, message.output) == (text, f"printed\n{text}")
    assert html in message.html
    message = cell_message(replace(RUN, displayed=(frame,)), Parts(), WHERE)
    assert (message.result, message.html, message.output) == ("1", "", f"printed\n{text}")
    message = cell_message(replace(RUN, result=frame), Parts(has_output=False), WHERE)
    assert (message.result, message.html) == ("", "")


def test_displays_that_were_not_kept_are_said() -> None:
    """A cell may display in a loop for days: how many there were is told."""
    run = replace(RUN, forgotten=1234)
    assert cell_message(run, Parts(), WHERE).text == "1,234 earlier displays are left out"
    assert cell_message(run, Parts(has_output=False, has_images=False), WHERE).text == ""


def test_long_text_is_cut_in_the_middle() -> None:
    """Head and tail stay, and how much is missing is said."""
    assert cut("short", str) == "short"
    text = "a" * TEXT_CHARS + "b" * TEXT_CHARS
    shown = cut(text, str)
    assert shown.startswith("aaa")
    assert shown.endswith("bbb")
    assert f"{TEXT_CHARS:,} characters left out" in shown
    assert len(shown) < TEXT_CHARS + 100
    message = cell_message(replace(RUN, result={"text/plain": text}, story=text), Parts(), WHERE)
    assert message.result == message.traceback == shown


TOKEN = "ghp_" + "a1B2" * 9


def test_what_is_cut_is_scrubbed() -> None:
    """Before; and so is what stands beside others. All else is, once, on its way into the spool."""
    short = f"pushed with {TOKEN}"
    message = cell_message(replace(RUN, stdout=short, result={"text/plain": short}), Parts(), WHERE)
    assert (message.output, message.result) == (short, short)
    assert TOKEN not in str(Parts().redactor.data({"message": message.to_json()}))
    both = cell_message(replace(RUN, stdout=short, stderr="x\n"), Parts(), WHERE)
    assert both.output == "pushed with «redacted: github token»\nx"
    long = {"text/plain": f"{short} {'x ' * TEXT_CHARS}"}
    assert TOKEN[:9] not in cell_message(replace(RUN, result=long), Parts(), WHERE).result


def test_nothing_is_endless() -> None:
    """Displays, an exception's text and a traceback of any length are cut, and say so."""
    display = {"text/plain": f"{'x ' * 50_000}{TOKEN}"}
    run = replace(RUN, displayed=(display,) * 20, ename="E", evalue="y " * 500_000, traceback="z " * 500_000)
    message = cell_message(run, Parts(), WHERE)
    assert message.output.count("characters left out") == 20
    assert TOKEN[:9] not in message.output
    assert len(message.output) < 20 * (SHOWN_CHARS + 50)
    assert len(message.error) < TEXT_CHARS + 50
    assert len(message.whole_traceback) < WHOLE_CHARS + 50
