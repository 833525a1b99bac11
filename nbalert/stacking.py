"""The source transform: which lines of a cell are ours, and what stands in their place. Pure text.

A cell's own code must run as an ordinary cell: no nested `run_cell`, which swallows the error status, and no
AST transformer, which IPython drops when it raises. So each `%%alert` or `%%ask` line becomes one line of
Python, and line numbers in tracebacks stay those of the editor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import (
    cell_magic,
    classic_prompt,
    ipython_prompt,
    leading_empty_lines,
    leading_indent,
)

from nbalert.future_imports import after_futures

OURS = frozenset({"alert", "ask"})

PYTHON = frozenset({"time", "timeit", "prun", "capture", "debug"})
"""Run their body as a cell or as Python: IPython itself rejects an `%%ask` in the midst of it."""

SHELL = frozenset(
    {"bash", "sh", "script", "python", "python2", "python3", "pypy", "perl", "ruby", "sx", "system", "!"}
)
"""Give their body to another program, for which an `%%ask` in it means nothing."""

OVER = PYTHON | SHELL
"""Our lines below these are lifted above them: a wait is not timed, a question not captured or repeated."""

DATA = frozenset({"writefile", "file", "html", "HTML", "markdown", "latex", "svg", "SVG", "javascript", "js"})
"""Their body is a text to keep as it is, whatever it says."""

Check = Callable[[str, str], None]
"""`check(name, line)` raises UsageError for a wrong option."""

Lines = Callable[[list[str]], list[str]]

_CLEANING: tuple[Lines, ...] = (leading_empty_lines, leading_indent, classic_prompt, ipython_prompt)
_collapse: Lines = cell_magic
_MARK = "# nbalert: %%"
_CALL = "get_ipython().run_cell_magic('ask', "
_NAMED = re.compile(r"%%(\S*)\s*(.*)")
_ASK = re.compile(r"\s*%%ask(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Stack:
    """A cell taken apart.

    Args:
        ours: Our magics, name and rest of line, in order.
        others: Names of the magics that stand above the code, outermost first.
        rest: The cell without our lines, as IPython would see it without them.
        blanks: Blank lines dropped between our lines and the rest.
    """

    ours: tuple[tuple[str, str], ...]
    others: tuple[str, ...]
    rest: tuple[str, ...]
    blanks: int = 0

    @property
    def body(self) -> str:
        """The cell without our lines: what a question shows, and what runs."""
        return "".join(self.rest)

    @property
    def alert_line(self) -> str | None:
        """Options of `%%alert`, None if there is no such line."""
        return next((line for name, line in self.ours if name == "alert"), None)

    @property
    def ask_lines(self) -> tuple[str, ...]:
        """Options of each `%%ask`, in order."""
        return tuple(line for name, line in self.ours if name == "ask")


def split(lines: Sequence[str]) -> Stack:
    """Take our lines off a cell: those on top, and those below magics of `OVER`."""
    return _split(tuple(lines))


@lru_cache(maxsize=4)  # IPython transforms a cell twice, and then it is recorded
def _split(lines: tuple[str, ...]) -> Stack:
    ours: list[tuple[str, str]] = []
    rest = list(lines) if _magic(lines) else _clean(lines)
    blanks = 0
    while (magic := _magic(rest)) and magic[0] in OURS:
        ours.append(magic)
        below = _clean(rest[1:])
        blanks += len(rest) - 1 - len(below)
        rest = below
    others, taken = _lifted(rest)
    ours += (_named(rest[i]) for i in taken)
    kept = tuple(line for i, line in enumerate(rest) if i not in taken)
    return Stack(tuple(ours), tuple(others), kept, blanks)


def transform(lines: list[str], check: Check) -> list[str]:
    """Rewrite a cell for IPython; cells without our magics are returned as they are.

    Args:
        lines: With their line ends.
        check: Called for each of our lines; IPython may transform one cell several times.

    Raises:
        UsageError: A wrong option, or an `%%ask` that nobody would see. IPython shows it and runs nothing.
    """
    if not _may_hold_ours(lines):
        return lines
    stack = split(lines)
    _refuse_unasked(stack)
    if not stack.ours:
        return lines
    if len(stack.ours) - len(stack.ask_lines) > 1:
        raise UsageError("a cell takes one %%alert; name several channels in it: %%alert -c A -c B")
    for name, line in stack.ours:
        check(name, line)
    return _assemble(stack)


def body_start(lines: Sequence[str]) -> int:
    """Index of the first line below our header in a transformed cell; 0 if it has no header of ours."""
    ours = False
    for i, line in enumerate(lines):
        if line.startswith((_MARK, _CALL)):
            ours = True
        elif not line.isspace():
            return i if ours else 0
    return len(lines) if ours else 0


def _may_hold_ours(lines: Sequence[str]) -> bool:
    """A quick no for nearly every cell: magics stand on top, so one look at the first line is enough."""
    first = next((line for line in lines if not line.isspace()), "")
    return "%%" in first and any("%%a" in line for line in lines)


def _clean(lines: Sequence[str]) -> list[str]:
    """What IPython does to the top of any cell; without our line it would do it to the line below."""
    cleaned = list(lines)
    for step in _CLEANING:
        cleaned = step(cleaned)
    return cleaned


def _magic(lines: Sequence[str]) -> tuple[str, str] | None:
    return _named(lines[0]) if lines and lines[0].startswith("%%") else None


def _named(line: str) -> tuple[str, str]:
    """Name and rest of a `%%name rest` line."""
    found = _NAMED.match(line.strip())
    return (found[1], found[2]) if found else ("", "")


def _lifted(lines: Sequence[str]) -> tuple[list[str], list[int]]:
    """Names of the magics on top, and the indices of our lines below them."""
    others: list[str] = []
    ours: list[int] = []
    for i, line in enumerate(lines):
        if line.isspace() and others:
            continue
        if not line.lstrip().startswith("%%") or (i == 0 and not line.startswith("%%")):
            break
        name = _named(line)[0]
        if name in OURS:
            ours.append(i)
            continue
        others.append(name)
        if name not in OVER:
            break
    return others, ours


def _refuse_unasked(stack: Stack) -> None:
    """Left where it is, such an `%%ask` would be text of another language, and the code would run unasked."""
    if not stack.others:
        return
    *outer, innermost = stack.others
    below = stack.rest[1:]
    if innermost.rstrip("?") == "ask" and any(not line.isspace() for line in below):
        raise UsageError("%%ask? shows the help and takes no code below it")
    if set(outer) <= PYTHON and innermost in PYTHON | DATA:
        return
    if any(_ASK.match(line) for line in below):
        raise UsageError(f"%%ask cannot stand below %%{innermost}: make it the first line of the cell")


def _assemble(stack: Stack) -> list[str]:
    calls = [f"{_CALL}{line!r}, {stack.body!r})" for line in stack.ask_lines]
    rest = list(stack.rest)
    place = after_futures(rest) if calls else None
    if place is not None:
        row, column = place
        rest[row] = "; ".join([rest[row][:column], *calls]) + rest[row][column:]
        calls = []
    header = list(_header(stack.ours, calls))
    return header + ["\n"] * stack.blanks + (_collapse(rest) if rest else [])


def _header(ours: Iterable[tuple[str, str]], calls: Sequence[str]) -> Iterator[str]:
    waiting = iter(calls)
    for name, line in ours:
        mark = f"{_MARK}{name} {line}".rstrip()
        yield (next(waiting, mark) if name == "ask" else mark) + "\n"
