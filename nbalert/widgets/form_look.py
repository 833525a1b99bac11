"""How the form for channels looks: widths, what stands small below a field, and what a button has led to."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets

WIDE = ipywidgets.Layout(width="min(100%, 560px)")
LABEL = {"description_width": "150px"}
INDENT = "154px"

_COLOURS = {True: "#17794a", False: "#c02632", None: "#b7791f"}
_SMALL = f'<span style="opacity:.75;font-size:92%;margin-left:{INDENT};display:block">{{}}</span>'
_NOTE = f'<span role="alert" style="color:#c02632;margin-left:{INDENT};display:block">{{}}</span>'


def entry(cls: Any, label: str, **options: Any) -> Any:
    """A field of the form itself."""
    return cls(description=label, style=LABEL, layout=WIDE, **options)


def small(text: str) -> str:
    """Help below a field."""
    return _SMALL.format(html.escape(text))


def note(text: str) -> str:
    """What is wrong with a field, in the place of its help; screen readers say it."""
    return _NOTE.format(html.escape(text))


def said(text: str, is_good: bool | None) -> str:
    """What a button has led to; None for is_good where that is still open."""
    style = f"border-left:4px solid {_COLOURS[is_good]};padding:4px 10px;margin-top:8px;line-height:1.45"
    lines = "<br>".join(html.escape(line) for line in text.splitlines())
    return f'<div role="status" style="{style};overflow-wrap:anywhere">{lines}</div>' if text else ""


def show_if(is_shown: bool, *widgets: Any) -> None:
    """Whether they are there."""
    for widget in widgets:
        widget.layout.display = None if is_shown else "none"
