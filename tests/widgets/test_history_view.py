"""The history's table and filters, over rows as the courier has them. A browser shows how it looks."""

from __future__ import annotations

from typing import Any

from nbalert.widgets.history_view import HistoryView, table_data


def row(id_: str, **other: Any) -> dict[str, Any]:
    """As `report.history` returns it."""
    known = {
        "title": id_,
        "accepted_at": 1.0,
        "level": "OK",
        "channel": "ci",
        "state": "delivered",
        "attempts": 1,
        "error": "",
        "settled_at": 2.0,
        "decision": None,
        "body_outcome": None,
    }
    return {"id": id_, **known, **other}


ROWS = [
    row("fine"),
    row("bad", level="CRITICAL", state="failed", error="ci: HTTP 400"),
    row("slow", channel="ops", state="waiting"),
    row("denied", channel="ops", state="waiting", error="ops: HTTP 401"),
]


def test_filters_and_what_is_sent_again() -> None:
    """What the filters show is what is sent again, of it only what did not arrive; then it is read anew."""
    sent: list[list[str]] = []

    def retry(ids: Any) -> str:
        sent.append(list(ids))
        return "tried <again>"

    view = HistoryView(lambda: ROWS, retry)
    level, channel, state, again, _ = view.box.children[0].children
    assert [one["id"] for one in view.shown] == ["fine", "bad", "slow", "denied"]
    channel.value = "ops"
    assert [one["id"] for one in view.shown] == ["slow", "denied"]
    again.click()
    assert sent == [["denied"]]
    assert "tried &lt;again&gt;" in view.box.children[1].value
    channel.value, state.value = "", "delivered"
    assert [one["id"] for one in view.shown] == ["fine"]
    assert again.disabled
    level.value = "CRITICAL"
    assert view.shown == []


def test_what_stays_is_inert() -> None:
    """Titles and errors are text in HTML; the same rows are there as lines."""
    data = table_data([row("<script>", state="failed", error="<img>")])
    assert "&lt;script&gt;" in data["text/html"]
    assert "<img>" not in data["text/html"]
    assert "failed (<img>)  <script>" in data["text/plain"]
