"""A table: read from the HTML with which an object shows itself, told as aligned text and as inert HTML."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from itertools import takewhile

from nbalert.html_reading import READ_CHARS, Cell, Reading, Row

TEXT_ROWS, TEXT_COLUMNS, TEXT_CELL = 20, 100, 32
"""Rows, characters a line, and characters a cell of the text: what can be read in a chat."""
HTML_ROWS, HTML_CELL, HTML_CHARS = 50, 200, 16_000
"""The same of the HTML; a message of Matrix holds 64 KiB in all (Source: Matrix, client-server API, 2026)."""
COLUMNS, HEAD_ROWS = 100, 5
AROUND_CHARS = 300
"""With more words around it HTML is no table, but a page that has one."""
MORE = "…"

_SHAPES = (  # as pandas and we say it, and as polars does
    re.compile(r"(?P<more>more than )?(?P<rows>[\d,]+) rows? × (?P<columns>[\d,]+) columns?"),
    re.compile(r"(?P<more>)shape: \((?P<rows>[\d,_]+), (?P<columns>[\d,_]+)\)"),
)
_NUMBER = re.compile(
    r"([-+−]?[\d,._]*\d[\d,._]*(e[-+]?\d+)?\s?%?|nan|<NA>|None|null|NaT|[-+]?inf|\.\.\.|…|)", re.I
)

Rows = list[list[str]]
Redact = Callable[[Rows, int, int], Rows]

_Line = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, all of one width.

    Args:
        caption: Its shape, `5 rows × 3 columns`, as it says itself or as counted.
        head: Rows of names.
        body: The other rows; a long frame shows its first and last ones.
        labels: So many columns at the left name the rows.
    """

    caption: str
    head: tuple[_Line, ...]
    body: tuple[_Line, ...]
    labels: int

    @property
    def text(self) -> str:
        """Its shape, then its first rows, aligned; what finds no room is marked."""
        body = _shortened(self.body, TEXT_ROWS)
        lines = [[_cut(cell, TEXT_CELL) for cell in line] for line in (*self.head, *body)]
        columns = [list(column) for column in zip(*lines, strict=True)]
        aligned = [_aligned(column, len(self.head)) for column in columns]
        return "\n".join([self.caption, "", *_joined(aligned)])

    @property
    def html(self) -> str:
        """Its rows in `table`, `caption`, `thead`, `tbody`, `tr`, `th` and `td` without attributes, and text.

        Empty where its names alone find no room.
        """
        head = "".join(_row(line, len(line)) for line in self.head)
        if len(head) > HTML_CHARS // 2:
            return ""
        rows = [_row(line, self.labels) for line in _shortened(self.body, HTML_ROWS)]
        body = _fitting(rows, HTML_CHARS - len(head))
        parts = (f"<thead>{head}</thead>" if head else "", f"<tbody>{body}</tbody>" if body else "")
        return f"<table><caption>{escape(self.caption, quote=False)}</caption>{''.join(parts)}</table>"


def _as_it_is(rows: Rows, heads: int, labels: int) -> Rows:
    return rows


def read(html: str, redact: Redact = _as_it_is) -> Table | None:
    """The table that some HTML is; None where it is none, or more than one.

    Args:
        redact: Leaves out of whole cells what is secret; gets the rows, and how many of them, and of the
            columns, are names.
    """
    if "<table" not in html[:READ_CHARS].lower():  # a widget may bring megabytes of scripts
        return None
    reading = Reading(html)
    rows = [row for row in reading.rows if row.cells]
    if reading.tables != 1 or not rows or len(reading.words) > AROUND_CHARS:
        return None
    grid = _grid(rows)
    heads = _heads(rows, grid)
    labels = _labels(grid[heads:])
    whole = redact([[cell.text for cell in line] for line in grid], heads, labels)
    lines = [tuple(_cut(cell, HTML_CELL) for cell in line) for line in whole]
    caption = _caption(reading, len(grid) - heads, len(grid[0]) - labels)
    return Table(caption, tuple(lines[:heads]), tuple(lines[heads:]), labels)


def inert(html: str) -> str:
    """HTML from anywhere as `Table.html` writes it; empty where it is no table."""
    table = read(html) if html else None
    return table.html if table else ""


def words(html: str) -> str:
    """What HTML says, without its markup."""
    reading = Reading(html)
    rows = ("  ".join(cell.text for cell in row.cells) for row in reading.rows)
    return "\n".join(filter(None, (reading.words, *rows)))


def _grid(rows: list[Row]) -> list[list[Cell]]:
    """Rows of one width: what a cell spans beside and below it is empty."""
    grid, below = [], dict[int, Cell]()
    for row in rows:
        line, cells = list[Cell](), deque(row.cells)
        while (cells or len(line) in below) and len(line) < COLUMNS:
            cell = below.pop(len(line), None) or cells.popleft()
            line += [cell, *(Cell(cell.is_head) for _ in range(cell.columns - 1))]
        below = {at: Cell(cell.is_head, rows=cell.rows - 1) for at, cell in enumerate(line) if cell.rows > 1}
        grid.append(line[:COLUMNS])
    width = max(map(len, grid))
    return [line + [Cell() for _ in range(width - len(line))] for line in grid]


def _heads(rows: list[Row], grid: list[list[Cell]]) -> int:
    both = zip(rows, grid, strict=True)
    is_head = (row.is_head or all(cell.is_head for cell in line) for row, line in both)
    return min(HEAD_ROWS, sum(1 for _ in takewhile(bool, is_head)))


def _labels(body: list[list[Cell]]) -> int:
    columns = zip(*body, strict=True)
    return sum(1 for _ in takewhile(lambda column: all(cell.is_head for cell in column), columns))


def _caption(reading: Reading, rows: int, columns: int) -> str:
    """What it says about itself, with its shape at the end."""
    said = re.split(r"\n| · ", reading.words)
    shapes = [(line, found) for line in [*said, *reading.tail.splitlines()] if (found := _shape(line))]
    if not shapes:
        return " · ".join([*filter(None, said), _sized(rows, columns, "more than " if reading.tail else "")])
    line, shape = shapes[0]
    return " · ".join([*(one for one in said if one and one != line), shape])


def _shape(line: str) -> str:
    found = next((found for shape in _SHAPES if (found := shape.fullmatch(line.strip()))), None)
    if found is None:
        return ""
    rows, columns = (int(re.sub(r"\D", "", found[name]) or 0) for name in ("rows", "columns"))
    return _sized(rows, columns, found["more"] or "")


def _sized(rows: int, columns: int, more: str) -> str:
    return f"{more}{rows:,} row{'s' * (rows != 1)} × {columns:,} column{'s' * (columns != 1)}"


def _shortened(body: tuple[_Line, ...], limit: int) -> tuple[_Line, ...]:
    if len(body) <= limit:
        return body
    return (*body[: limit - 1], tuple(MORE for _ in body[0]))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}{MORE}"


def _aligned(column: list[str], heads: int) -> list[str]:
    """Cells of one width: numbers at the right, words at the left."""
    width = max(map(_width, column))
    is_number = all(_NUMBER.fullmatch(cell) for cell in column[heads:])
    pads = [" " * (width - _width(cell)) for cell in column]
    return [pad + cell if is_number else cell + pad for cell, pad in zip(column, pads, strict=True)]


def _width(text: str) -> int:
    """Places that it takes where every letter has one, and those of East Asia two."""
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(one) in "WF" else not unicodedata.combining(one) for one in text
    )


def _joined(columns: list[list[str]]) -> list[str]:
    """Lines of as many columns as there is room for."""
    kept, chars = list[list[str]](), 0
    for column in columns:
        chars += _width(column[0]) + 2
        if kept and chars > TEXT_COLUMNS:
            kept.append([MORE] * len(column))
            break
        kept.append(column)
    return ["  ".join(line).rstrip() for line in zip(*kept, strict=True)]


def _row(line: _Line, labels: int) -> str:
    tags = ["th"] * labels + ["td"] * (len(line) - labels)
    cells = (f"<{tag}>{escape(cell, quote=False)}</{tag}>" for tag, cell in zip(tags, line, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _fitting(rows: list[str], room: int) -> str:
    """As many of them as there is room for, in characters."""
    if sum(map(len, rows)) <= room:
        return "".join(rows)
    mark = re.sub(r"(?<=<t[hd]>)[^<]*", MORE, rows[0])
    kept, chars = list[str](), len(mark)
    for row in rows:
        chars += len(row)
        if chars > room:
            break
        kept.append(row)
    return "".join([*kept, mark])
