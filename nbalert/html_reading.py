"""What stands in HTML: the cells of its tables, and the words around them. Markup is forgotten, not filtered.

Not Python's parser: of what is no HTML, that makes seconds, and a cell or the inbox would wait for it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

READ_CHARS = 60_000
"""More is not read: it is read while a cell ends, at about the pace at which it was made."""
TAIL_CHARS = 300
"""Of the end of what is not read: a long frame says its shape there."""
SPAN = 200
"""A cell that claims to be wider or higher is believed so far."""

_SILENT = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|template|noscript|head|svg|math)\b[^<>]*>.*?(?:</\1\s*>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_TOKEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>|<[!?][^<>]*>|([^<]+|<)")
_SPAN = re.compile(r"\b(col|row)span\s*=\s*[\"']?(\d{1,5})\b", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLOCKS = {"p", "div", "br", "tr", "li", "ul", "ol", "table", "caption", "pre", "h1", "h2", "h3", "h4", "hr"}


@dataclass(slots=True)
class Cell:
    """One cell as written."""

    is_head: bool = False
    columns: int = 1
    rows: int = 1
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it says, in one line."""
        return _shown("".join(self.words))


@dataclass(slots=True)
class Row:
    """One row as written.

    Args:
        is_head: Whether it stands in a table's head.
    """

    is_head: bool
    cells: list[Cell] = field(default_factory=list)


class Reading:
    """What was found.

    Attributes:
        tables: How many there are.
        rows: Of the first one.
        tail: What follows after a part that was not read; empty where all was read.
    """

    def __init__(self, source: str) -> None:
        self.tables = 0
        self.rows: list[Row] = []
        self.tail = re.sub(r"<[^<>]*>", "\n", source[READ_CHARS:][-TAIL_CHARS:])
        self._around: list[str] = []
        self._open = 0
        self._is_head = False
        self._cell: Cell | None = None
        part = source if len(source) <= READ_CHARS else source[:READ_CHARS].rpartition("<")[0]
        for found in _TOKEN.finditer(_SILENT.sub("", part)):
            closes, tag, attributes, words = found.groups()
            if words:
                (self._around if self._cell is None else self._cell.words).append(words)
            elif tag:
                self._take(tag.lower(), bool(closes), attributes)

    @property
    def words(self) -> str:
        """Those outside of cells, in lines, without the spaces that a page does not show."""
        lines = (_shown(line) for line in "".join(self._around).split("\0"))
        return "\n".join(line for line in lines if line)

    def _take(self, tag: str, closes: bool, attributes: str) -> None:
        if tag == "table":
            self._open += -1 if closes else 1
            self.tables += not closes
            self._cell = None
        elif self.tables == 1 and self._open > 0:
            self._in_table(tag, closes, attributes)
        if tag in _BLOCKS:
            (self._around if self._cell is None else self._cell.words).append(" " if self._cell else "\0")

    def _in_table(self, tag: str, closes: bool, attributes: str) -> None:
        if tag in ("thead", "tbody", "tfoot"):
            self._is_head = tag == "thead" and not closes
        elif tag == "tr":
            self._cell = None
            if not closes:
                self.rows.append(Row(self._is_head))
        elif tag in ("td", "th"):
            self._cell = None if closes or not self.rows else _cell(tag, attributes)
            if self._cell:
                self.rows[-1].cells.append(self._cell)


def _cell(tag: str, attributes: str) -> Cell:
    spans = {name.lower(): max(1, min(int(number), SPAN)) for name, number in _SPAN.findall(attributes)}
    return Cell(tag == "th", spans.get("col", 1), spans.get("row", 1))


def _shown(words: str) -> str:
    """Words as a page shows them."""
    try:
        plain = html.unescape(words)
    except ValueError:  # of a number with thousands of digits
        plain = words
    return _SPACES.sub(" ", plain.replace("\0", "")).strip()
