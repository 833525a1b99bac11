"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column in which nothing stands is left out."""
    kept = [list(row) for row in rows]
    shown = [n for n in range(len(heads)) if any(row[n] for row in kept)]
    lines = [[heads[n] for n in shown], ["---"] * len(shown), *([row[n] for n in shown] for row in kept)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """A text that stands in a cell: in one line, its bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")
