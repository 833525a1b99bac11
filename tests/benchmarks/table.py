"""Figures as a table, for a terminal and for Markdown: ours, each peer, the floor, and the ratio."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tests.benchmarks.figures import RATE, Figure, key

HEAD = ("figure", "who", "median", "99 %", "unit", "ratio", "budget")
"""`ratio` is nbalert's median by that row's: below 1, nbalert needs less of it."""


def rows(figures: Iterable[Figure]) -> list[tuple[str, ...]]:
    """One row a figure; those that are compared stand together, in the order in which they came."""
    together: dict[tuple[str, str, int], list[Figure]] = {}
    for figure in figures:
        together.setdefault(key(figure), []).append(figure)
    return [row for compared in together.values() for row in _rows(compared)]


def text(figures: Sequence[Figure]) -> str:
    """With aligned columns, a heading for each group, and the notes below."""
    lines = []
    for group in dict.fromkeys(one.group for one in figures):
        some = [one for one in figures if one.group == group]
        lines += ["", group, *_aligned([HEAD, *rows(some)])]
        lines += [f"  {note}" for note in dict.fromkeys(f"{one.who}: {one.note}" for one in some if one.note)]
    return "\n".join(lines)


def markdown(figures: Sequence[Figure]) -> str:
    """As one table of Markdown."""
    lines = [HEAD, ("---",) * len(HEAD), *rows(figures)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Three digits that count."""
    if value == 0:
        return "0"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def _rows(compared: list[Figure]) -> list[tuple[str, ...]]:
    ours = next((one for one in compared if one.is_ours), None)
    return [_row(one, ours) for one in compared]


def _row(figure: Figure, ours: Figure | None) -> tuple[str, ...]:
    name = f"{figure.name}, {figure.step:,}" if figure.step else figure.name
    ratio = "" if ours is None or ours is figure or not figure.median else number(ours.median / figure.median)
    return (
        name,
        figure.who,
        number(figure.median),
        number(figure.p99) if len(figure.samples) > 1 else "",
        figure.unit,
        ratio,
        _budget(figure),
    )


def _budget(figure: Figure) -> str:
    if figure.budget is None:
        return ""
    bound = "≥" if figure.unit == RATE else "≤"
    return f"{bound} {number(figure.budget)} {'✓' if figure.is_met else '✗'}"


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    numbers = {2, 3, 5}
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
