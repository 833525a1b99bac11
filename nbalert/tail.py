"""The end of what was printed, in bounded memory and as a terminal shows it."""

from __future__ import annotations

import re
from collections import deque

TAIL_CHARS = 8000
KEPT_CHARS = 2 * TAIL_CHARS
"""What is kept, so that a secret which begins before the tail can be told for one."""

_CHUNKS = 4000
LARGE_CHARS = 512
"""Longer pieces are merged at once."""
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")  # colours, and OSC links
_UP = re.compile(r"\x1b\[(\d*)A")
_MOVES = re.compile(r"(\n|\x1b\[\d*A)")


def plain(text: str) -> str:
    """The text without ANSI sequences."""
    return _ANSI.sub("", text)


def last(text: str) -> str:
    """The tail of a text that has no secrets any more."""
    return text[-TAIL_CHARS:]


class Tail:
    """The last characters written to a stream, in bounded memory: more than the tail that is shown.

    The work is put off to `text`: bookkeeping at each write cost a printing cell 30 %, one append costs 5 %.
    Small pieces are bounded by their number, large ones are merged at once.

    Attributes:
        take_short: The same as `take` for a text of `LARGE_CHARS` at most, and a call less.
    """

    def __init__(self) -> None:
        self._parts: deque[str] = deque(maxlen=_CHUNKS)
        self.take_short = self._parts.append

    def take(self, data: object) -> None:
        """Add what was written. Never raises: it runs inside the user's `print`."""
        if not isinstance(data, str):
            return
        if len(data) > LARGE_CHARS:
            data = "".join([*self._parts, data[-KEPT_CHARS:]])[-KEPT_CHARS:]
            self._parts.clear()
        self._parts.append(data)

    def clear(self) -> None:
        """Forget everything."""
        self._parts.clear()

    def text(self) -> str:
        """What is kept, without ANSI, as a terminal shows it: each progress bar is one line."""
        parts = list(self._parts)  # the copy is atomic, other threads may go on writing
        text = "".join(parts)
        lines = plain("\n".join(_rows(text)) if _UP.search(text) else text).split("\n")
        if len(parts) == _CHUNKS and len(lines) > 1:
            del lines[0]  # of what was written in pieces its head may be lost, and a secret is told by that
        # what a shorter text leaves of a longer one before it could be half a secret, and tells nothing
        return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)[-KEPT_CHARS:]


def _rows(text: str) -> list[str]:
    """Lines, where some is written further up, as bars in bars are: each with all that is written in it."""
    rows, at = [""], 0
    for piece in _MOVES.split(text):
        if piece == "\n":
            at += 1
            rows[at:] = [f"{rows[at]}\r", *rows[at + 1 :]] if at < len(rows) else [""]
        elif up := _UP.fullmatch(piece):
            is_at_start = rows[at][-1:] in ("", "\r")
            at = max(0, at - int(up[1] or 1))
            rows[at] += "\r" if is_at_start else ""
        else:
            rows[at] += piece
    return rows
