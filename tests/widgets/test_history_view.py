"""The history's table and filters, over rows as the courier has them. A browser shows how it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbalert.errors import CourierError
from nbalert.widgets.history_table import table_data
from nbalert.widgets.history_view import HistoryView


def row(id_: str, **other: Any) -> dict[str, Any]:
    """As `past.history` returns it."""
    known = {
        "title": id_,
        "accepted_at": 1.0,
        "level": "OK",
        "notebook": "/n/fit.ipynb",
        "alert": f"{id_}[1]",
        "channel": "ci",
        "state": "delivered",
        "attempts": 1,
        "error": "",
        "settled_at": 2.0,
        "question": None,
        "decision": None,
        "body_outcome": None,
    }
    return {"id": id_, **known, **other}


class Source:
    """A courier that notes what it is asked."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.all = list(rows)
        self.asked: list[dict[str, Any]] = []
        self.retried: list[list[str]] = []
        self.quiet: list[dict[str, Any]] = []
        self.is_gone = False

    def rows(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All of them, whatever is wanted."""
        if self.is_gone:
            raise CourierError("no answer <yet>")
        self.asked.append(dict(wanted))
        return self.all

    def channels(self) -> list[str]:
        """Two, one of them the default."""
        return ["", "ci"]

    def silences(self) -> list[dict[str, Any]]:
        """What was silenced."""
        return self.quiet

    def silence(self, alert: str, for_s: float) -> None:
        """Note it as the courier does."""
        rule = f"silence --alert {alert.replace('[', '[[]')}"
        self.quiet.append({"id": 7, "rule": rule, "until": 1.0 + for_s, "count": 2})

    def end_silence(self, silence: int) -> None:
        """End it."""
        self.quiet = [one for one in self.quiet if one["id"] != silence]

    def retry(self, messages: Sequence[str]) -> str:
        """Note them."""
        self.retried.append(list(messages))
        return "tried <again>"


def controls(view: HistoryView) -> dict[str, Any]:
    """What can be chosen and clicked, by its label."""
    filters, silencing, _ = view.box.children
    row, active = silencing.children
    lines = [child for line in active.children for child in line.children]
    return {one.description: one for one in (*filters.children, *row.children, *lines)}


def test_a_filter_asks_the_courier() -> None:
    """Each choice is asked for, with what was asked for from the start; all of something is left out."""
    source = Source(row("fine"))
    view = HistoryView(source, {"limit": 9, "within_s": 7200.0, "level": "OK"}, "/n/fit.ipynb")
    assert source.asked[-1] == {"limit": 9, "within_s": 7200.0, "level": "OK"}
    assert controls(view)["Time"].label == "last 2 h"
    chosen = {"Notebook": "this notebook", "Level": "all", "Channel": "(default)", "Time": "last day"}
    for label, choice in {**chosen, "State": "waits for an answer"}.items():
        controls(view)[label].label = choice
    assert source.asked[-1] == {
        "limit": 9,
        "within_s": 86400.0,
        "notebook": "/n/fit.ipynb",
        "channel": "",
        "state": "asked",
    }


def test_what_is_sent_again() -> None:
    """Of what is shown only what did not arrive; without any there is nothing to click."""
    stuck = row("bad", state="failed", error="ci: HTTP 400"), row("kept", state="waiting", error="HTTP 401")
    source = Source(
        row("fine"), *stuck, row("quiet", state="suppressed", error="silence"), row("slow", state="waiting")
    )
    view = HistoryView(source, {"limit": 9}, "")
    controls(view)["Send again"].click()
    assert source.retried == [["bad", "kept"]]
    assert "tried &lt;again&gt;" in view.box.children[2].value
    source.all = [row("fine")]
    controls(view)["Refresh"].click()
    assert controls(view)["Send again"].disabled


def test_a_silence_and_its_end() -> None:
    """An alert is silenced by its very name for an hour, listed by its title, and told again; no question."""
    source = Source(row("fine"), row("Deploy?", question="q"), row("bad <b>", level="CRITICAL"))
    view = HistoryView(source, {"limit": 9}, "")
    assert controls(view)["Alert"].options == (("bad <b>", "bad <b>[1]"), ("fine", "fine[1]"))
    assert controls(view)["For"].label == "1 h"
    controls(view)["Silence"].click()
    text, end = view.box.children[1].children[1].children[0].children
    assert "bad &lt;b&gt; (2 kept quiet)" in text.value
    end.click()
    assert source.quiet == []
    assert "End silence" not in controls(view)
    source.all = []
    controls(view)["Refresh"].click()
    assert controls(view)["Silence"].disabled


def test_without_a_courier() -> None:
    """A click says that there is none, and leaves what is shown."""
    source = Source(row("fine"))
    view = HistoryView(source, {"limit": 9}, "")
    source.is_gone = True
    controls(view)["Refresh"].click()
    assert "no answer &lt;yet&gt;" in view.box.children[2].value
    assert [one["id"] for one in view.shown] == ["fine"]


def test_what_stays_is_inert() -> None:
    """Titles, errors and notebooks are text in HTML; the same rows are there as lines."""
    data = table_data([row("<script>", state="failed", error="<img>", notebook='/n/"<i>.ipynb')])
    assert "&lt;script&gt;" in data["text/html"]
    assert "<img>" not in data["text/html"]
    assert "<i>" not in data["text/html"]
    assert "failed (<img>)  <script>" in data["text/plain"]


def test_questions_stand_in_the_table() -> None:
    """An open one says that it waits, one that has ended how."""
    decision = (
        '{"question_id": "q", "outcome": "approved", "by": ["ann"], "names": [], "reason": "go",'
        ' "answer": null, "is_self_approved": false, "decided_at": "2026-01-01T00:00:00+00:00"}'
    )
    open_, ended = row("Deploy?", question="q"), row("Drop?", question="r", decision=decision)
    shown = table_data([open_, ended])["text/html"]
    assert "Deploy? → waits for an answer" in shown
    assert "Drop? → approved by ann: go" in shown
