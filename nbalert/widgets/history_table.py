"""The history as a table: HTML that needs no kernel, and the same as text. All text is escaped."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from nbalert.history_words import STATES, Row, states_of
from nbalert.message import base_name
from nbalert.question import Decision
from nbalert.show import history_text

_CELL = "padding:2px 10px;text-align:left;vertical-align:top"
_HEADS = ("When", "Level", "Channel", "State", "Notebook", "What")


class _Look(NamedTuple):
    """Its colour carries white text, and so fits light and dark pages."""

    icon: str
    colour: str


_LOOKS = {
    "delivered": _Look("✓", "#17794a"),
    "waiting": _Look("…", "#4f46d8"),
    "undelivered": _Look("✗", "#c02632"),
    "quiet": _Look("–", "#5d6673"),
}


def table_data(rows: Sequence[Row]) -> dict[str, str]:
    """Rows as the file keeps them, newest first in HTML, as in a terminal in text.

    Args:
        rows: Oldest first.
    """
    heads = "".join(f'<th scope="col" style="{_CELL}">{head}</th>' for head in _HEADS)
    lines = "".join(map(_line, reversed(rows)))
    empty = "" if rows else "<p>nothing to show</p>"
    table = (
        '<div tabindex="0" role="region" aria-label="History" style="overflow-x:auto">'
        f'<table style="font-size:92%"><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'
    )
    return {
        "text/plain": history_text(rows) if rows else "nothing to show",
        "text/html": f'<div class="nbalert-sent">{table}{empty}</div>',
    }


def _line(row: Row) -> str:
    when = datetime.fromtimestamp(row["accepted_at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    path = str(row.get("notebook", ""))
    name = html.escape(base_name(path))
    cells = (
        f'<td style="{_CELL};white-space:nowrap">{when}</td>',
        f'<td style="{_CELL}">{html.escape(row["level"])}</td>',
        f'<td style="{_CELL}">{html.escape(row["channel"] or "(default)")}</td>',
        f'<td style="{_CELL}">{_state(row)}</td>',
        f'<td style="{_CELL}"><span title="{html.escape(path)}">{name}</span></td>',
        f'<td style="{_CELL};min-width:200px;overflow-wrap:anywhere">{html.escape(_what(row))}</td>',
    )
    return f"<tr>{''.join(cells)}</tr>"


def _state(row: Row) -> str:
    """An icon, a colour and a word; and why, where it did not arrive."""
    look = next((_LOOKS[state] for state in states_of(row) if state in _LOOKS), _LOOKS["waiting"])
    why = f"<br>{html.escape(row['error'])}" if row["error"] and row["state"] != "delivered" else ""
    return (
        f'<span style="background:{look.colour};color:#fff;border-radius:99px;padding:0 8px;'
        f'white-space:nowrap"><span aria-hidden="true">{look.icon} </span>'
        f"{html.escape(row['state'] or 'accepted')}</span>{why}"
    )


def _what(row: Row) -> str:
    """The title; of a question also how it has ended, or that it has not."""
    if row["decision"]:
        return f"{row['title']} → {Decision.from_json(json.loads(row['decision'])).sentence}"
    return f"{row['title']} → {STATES['asked']}" if "asked" in states_of(row) else str(row["title"])
