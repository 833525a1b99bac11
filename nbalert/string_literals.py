"""Texts in Python code: its string literals, where their contents stand, and its comments."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Span = tuple[int, int]
"""First character and the one after the last."""

_BRACES = re.compile(r"\{\{|\}\}|\{|\}")
_OPENS = {getattr(tokenize, name, -1) for name in ("FSTRING_START", "TSTRING_START")}  # Python 3.12, 3.14
_CLOSES = {getattr(tokenize, name, -1) for name in ("FSTRING_END", "TSTRING_END")}


class Literal(NamedTuple):
    """A string literal: where it stands, and where its content does."""

    start: int
    end: int
    first: int
    last: int
    is_formatted: bool


class Texts(NamedTuple):
    """What of code is text."""

    literals: list[Literal]
    comments: list[Span]


def literals(code: str) -> Texts | None:
    """Every string literal and comment; None where the code cannot be read as tokens."""
    starts = _line_starts(code)
    found, comments = list[Literal](), list[Span]()
    open_at: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            start, end = (starts[row - 1] + column for row, column in (token.start, token.end))
            if token.type in _OPENS:
                open_at.append(start)
            elif token.type in _CLOSES:
                begin = open_at.pop()
                found += [_literal(code, begin, end)] if not open_at else []
            elif token.type == tokenize.STRING and not open_at:
                found.append(_literal(code, start, end))
            elif token.type == tokenize.COMMENT:
                comments.append((start, end))
    except (tokenize.TokenError, SyntaxError, IndexError):
        return None
    return Texts(found, comments)


def _literal(code: str, start: int, end: int) -> Literal:
    quote_at = next(i for i in range(start, end) if code[i] in "'\"")
    long = code[quote_at : quote_at + 3] in ("'''", '"""') and end - quote_at >= 6
    quotes = 3 if long else 1
    is_formatted = bool(set(code[start:quote_at]) & set("fFtT"))
    return Literal(start, end, quote_at + quotes, end - quotes, is_formatted)


def contents(code: str, literal: Literal) -> Iterator[Span]:
    """The content of a literal, of an f-string what stands outside its braces: the rest is code that runs."""
    at, depth = literal.first, 0
    for match in _BRACES.finditer(code, literal.first, literal.last) if literal.is_formatted else ():
        if len(match[0]) == 2 and depth == 0:
            continue
        if match[0][0] == "{":
            if depth == 0 and match.start() > at:
                yield at, match.start()
            depth += len(match[0])
        else:
            depth -= len(match[0])
            at = match.end()
    if literal.last > at:
        yield at, literal.last


def span_of(node: ast.expr, lines: Sequence[str]) -> Span:
    """Where an expression stands.

    Args:
        lines: The code, split at each line feed.
    """
    before = [0, *(len(line) + 1 for line in lines)]

    def offset(row: int, column: int) -> int:  # ast counts bytes
        return sum(before[:row]) + len(lines[row - 1].encode()[:column].decode())

    end = offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
    return offset(node.lineno, node.col_offset), end


def _line_starts(code: str) -> list[int]:
    starts = [0]
    for line in io.StringIO(code):
        starts.append(starts[-1] + len(line))
    return starts
