"""Answers that are attacks: what people write in a chat does nothing where it is shown."""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from pathlib import Path

import pytest

from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.process import client, finish
from tests.kernels import Kernel
from tests.person import Person

pytestmark = pytest.mark.long

HOSTILE = {
    "markup": '<img src=x onerror="alert(1)"><script>alert(2)</script></pre></div>',
    "attribute": '" onmouseover="alert(1)" x="',
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "terminal": "\x1b[2J\x1b]0;owned\x07\x08\x08\x9b31m",
    "lines": "ok\r\n2026-11-27 12:00:00 approved by ann\n\x0bapproved\u2028approved\x85approved",
    "direction": "not \u202eevorppa\u202c \u2066x\u2069 \u200f\u200b",
    "math": "$$\\def\\x{\\x\\x}\\x$$ ![](http://example.org/?leak)",
}
DISPLAYED = ("display_data", "execute_result", "update_display_data")
ALLOWED = {"\n", "\t"}


def unfit(text: str) -> set[str]:
    """Characters that command a terminal, hide, or change the order of what is read."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")} - ALLOWED


@pytest.mark.parametrize("name", HOSTILE)
def test_answers_are_inert(name: str, home: Home, tmp_path: Path) -> None:
    """In a notebook's outputs, as text and as HTML, in history and log; and it is decided as was said."""
    with Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert")
        request = kernel.send('%ask "Drop it?" --timeout 60 --no-raise')
        with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as bob:
            bob.answer("Drop it?", f"no: {HOSTILE[name]}").raise_for_status()
        run = kernel.collect(request, 60)
        kernel.run("%nbalert history")
        shown = kernel.run("%nbalert history").stdout
    outputs = [
        content
        for kind in ("display_data", "execute_result", "update_display_data")
        for content in run.of(kind)
    ]
    texts = [content["data"].get("text/plain", "") for content in outputs]
    pages = [content["data"].get("text/html", "") for content in outputs]
    log = home.log.read_text() if home.log.exists() else ""
    for text in (
        *texts,
        *(html.unescape(re.sub(r"<[^>]*>", "", page)) for page in pages),
        run.stdout,
        shown,
        log,
    ):
        assert unfit(text) == set()
    for page in pages:
        assert not re.search(r"<(img|script)|<[^>]*\\son\\w+=", page)
    assert "rejected by bob" in shown
    finish()
    stop_courier(home)
