"""Where the first statement of a cell may stand: behind the imports from `__future__` that open it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from nbalert.parsing import parsed

_FUTURE = re.compile(r"from\s+__future__\s+import\b")
_STATEMENT_LINES = 20  # no import from __future__ is longer; bounds the attempts to parse one


def after_futures(lines: Sequence[str]) -> tuple[int, int] | None:
    """Row and column behind the imports from `__future__` that open a cell, None if none do.

    They must come first: a cell that awaits is not recognised as asynchronous otherwise (IPython 9.18).
    """
    place = None
    for first, line in enumerate(lines):
        if not _FUTURE.match(line):
            continue
        found = _end_of_futures(lines, first)
        if found is None:
            break
        place = found
    return place


def _end_of_futures(lines: Sequence[str], first: int) -> tuple[int, int] | None:
    """The same for the import that begins in one line; None if other code may stand before it."""
    for end in range(first + 1, min(first + _STATEMENT_LINES, len(lines)) + 1):
        statements = _parsed("".join(lines[:end]))
        if statements is None:
            continue
        opening = list(_opening(statements))
        if not opening or opening[-1].lineno <= first:
            return None
        last = opening[-1]
        row = (last.end_lineno or last.lineno) - 1
        column = len(lines[row].encode()[: last.end_col_offset].decode())  # ast counts bytes
        return row, column
    return None


def _parsed(text: str) -> list[ast.stmt] | None:
    tree = parsed(text)
    return tree.body if tree else None


def _opening(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The docstring and the imports from `__future__` on top: nothing in them runs code of the user."""
    for i, statement in enumerate(statements):
        match statement:
            case ast.ImportFrom(module="__future__", level=0):
                yield statement
            case ast.Expr(value=ast.Constant(value=str())) if i == 0:
                yield statement
            case _:
                return
