"""The sections of a mail as HTML: nothing of a message is markup in it but the table that nbalert made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from nbalert.channels.email_body import Body, Section
from nbalert.message import Level

_COLOURS = {Level.OK: "#2e7d32", Level.INFO: "#1565c0", Level.WARNING: "#e65100", Level.CRITICAL: "#c62828"}
_URL = re.compile(r"https?://[^\s<>\"']{1,2000}[^\s<>\"'.,;:!?)\]}]")
_FONT = "font-family:sans-serif;font-size:14px;line-height:1.4"
_TITLE = "padding-left:8px;border-left:6px solid "
_CODE = (
    "font-family:monospace;font-size:13px;white-space:pre-wrap;overflow-wrap:anywhere;"
    "background:#f5f5f5;border-radius:4px;padding:8px;margin:4px 0 12px"
)


def html_of(body: Body, level: Level, images: Iterable[tuple[str, str]]) -> str:
    """A page without scripts, styles of its own place, or anything from outside.

    Args:
        images: (content id, name) of the figures that go along.
    """
    return "".join(
        (
            f'<html><body style="{_FONT}">',
            f'<h3 style="{_TITLE}{_COLOURS[level]}">{_linked(body.title)}</h3>',
            *_sections(body.sections),
            *(
                f'<p><img src="cid:{escape(cid)}" alt="{escape(name)}" style="max-width:100%"></p>'
                for cid, name in images
            ),
            "</body></html>",
        )
    )


def _sections(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        if section.label:
            yield f"<b>{escape(section.label)}</b>"
        if section.html:
            yield section.html
        elif section.is_code:
            yield f'<pre style="{_CODE}">{escape(section.text)}</pre>'
        else:
            yield f'<p style="white-space:pre-wrap">{_linked(section.text)}</p>'


def _linked(text: str) -> str:
    """Escaped, and addresses can be followed."""
    shown, at = [], 0
    for url in _URL.finditer(text):
        shown += [escape(text[at : url.start()]), f'<a href="{escape(url[0])}">{escape(url[0])}</a>']
        at = url.end()
    return "".join([*shown, escape(text[at:])])
