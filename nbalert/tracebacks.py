"""An exception as people read it in a chat: what it says first, then the frames of their own code.

ValueError: no rows
most recent call first:
  Cell In[7], line 12, in train
     11 |     data = load()
  →  12 |     model.fit(data)
     13 |     return model
  … 14 frames in sklearn …
caused by KeyError: 'price'
"""

from __future__ import annotations

import linecache
import site
import sys
import sysconfig
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from traceback import FrameSummary, TracebackException
from typing import Any

from nbalert.process import client

NEIGHBOURS = 2
"""Lines shown before and after the failing one."""
FRAMES = 12
"""More frames of one's own code than this are cut in the middle."""
GROUP = 10
"""More exceptions of one group than this are counted."""
DEPTH = 5
"""So many causes, and groups in groups, are followed."""
LINE_CHARS = 200

_COMPILED = {".pyx", ".pxi", ".pxd"}
"""Cython's: their frames have a path from the package on, and no source."""

NameOf = Callable[[str], str]
"""File name of a frame → what a reader calls the cell; empty for what is none."""


def cell_of_shell(file: str, shell: Any = None) -> str:
    """`Cell In[7]` for the code of a cell; empty for any other file.

    Args:
        shell: Whose cell; this process's, if it has one.
    """
    module = sys.modules.get("IPython.core.getipython")
    shell = shell or (module.get_ipython() if module else None)
    kind, name = (shell.compile.format_code_name(file) if shell else None) or ("", "")
    return f"{kind} {name}" if kind == "Cell" else ""


def readable(error: BaseException, cell_of: NameOf = cell_of_shell, *, otherwise: str = "") -> str:
    """The exception, its frames and its causes.

    Args:
        error: Code of the user, and of libraries: whatever of it is asked may fail.
        cell_of: Names cells.
        otherwise: What is said where it does fail; else its type alone.
    """
    try:
        whole = TracebackException.from_exception(error, compact=True)
        return "\n".join(_told(whole, cell_of, "", DEPTH))
    except Exception:
        return otherwise or type(error).__name__


def _told(one: TracebackException, cell_of: NameOf, lead: str, depth: int) -> Iterator[str]:
    says = "".join(one.format_exception_only()).rstrip("\n").split("\n")
    if issubclass(one.exc_type or BaseException, SyntaxError):
        says = [*says[-1:], *says[:-1]]  # Python says it last, under the line that it is about
    yield lead + says[0]
    yield from (f"  {line}" for line in says[1:])
    yield from _frames(list(one.stack), cell_of)
    yield from _members(one, cell_of, depth)
    if depth and (cause := one.__cause__):
        yield from _told(cause, cell_of, "caused by ", depth - 1)
    elif depth and (context := one.__context__) and not one.__suppress_context__:
        yield from _told(context, cell_of, "while handling ", depth - 1)


def _members(one: TracebackException, cell_of: NameOf, depth: int) -> Iterator[str]:
    """The exceptions of a group, numbered."""
    members = one.exceptions or []
    if not depth:
        return
    for number, member in enumerate(members[:GROUP], start=1):
        lines = _told(member, cell_of, f"[{number}] ", depth - 1)
        yield from (f"  {line}" for line in lines)
    if len(members) > GROUP:
        yield f"  … {len(members) - GROUP} more exceptions …"


def _frames(stack: list[FrameSummary], cell_of: NameOf) -> Iterator[str]:
    """Newest first; runs of a library's frames, and of a recursion, as one line each."""
    blocks: list[list[str]] = []
    for library, run in groupby(reversed(_from_cell(stack, cell_of)), lambda frame: _library(frame, cell_of)):
        frames = list(run)
        if library:
            blocks.append([f"  … {_count(len(frames), 'frame')} in {library} …"])
        else:
            blocks.extend(_own_blocks(frames, cell_of))
    if not blocks:
        return
    if len(blocks) > FRAMES:
        left_out = len(blocks) - FRAMES
        middle = [f"  … {left_out} frames left out …"]
        blocks = [*blocks[: FRAMES // 2], middle, *blocks[-FRAMES // 2 :]]
    yield "most recent call first:"
    for block in blocks:
        yield from block


def _from_cell(stack: list[FrameSummary], cell_of: NameOf) -> list[FrameSummary]:
    """Without what has called the cell: the kernel, in frames that are the same each time."""
    first = next((n for n, frame in enumerate(stack) if cell_of(frame.filename)), 0)
    return stack[first:]


def _own_blocks(frames: list[FrameSummary], cell_of: NameOf) -> Iterator[list[str]]:
    for _, run in groupby(frames, lambda frame: (frame.filename, frame.lineno, frame.name)):
        same = list(run)
        block = _own(same[0], cell_of)
        if len(same) > 1:
            block.append(f"    … {len(same) - 1} more times …")
        yield block


def _own(frame: FrameSummary, cell_of: NameOf) -> list[str]:
    """A frame with the failing line and its neighbours."""
    number = frame.lineno or 0
    place = cell_of(frame.filename) or frame.filename
    within = "" if frame.name == "<module>" else f", in {frame.name}"
    lines = linecache.getlines(frame.filename)
    first, last = max(1, number - NEIGHBOURS), min(len(lines), number + NEIGHBOURS)
    width = len(str(last))
    shown = [
        f"  {'→' if n == number else ' '} {n:>{width}} | {_short(lines[n - 1].rstrip())}"
        for n in range(first, last + 1)
    ]
    return [f"  {place}, line {number}{within}", *shown]


def _short(line: str) -> str:
    """Cut, where it is long, once it has no secret any more: half of one is not known for one."""
    return line if len(line) <= LINE_CHARS else client().redactor().text(line, is_code=True)[:LINE_CHARS]


def _library(frame: FrameSummary, cell_of: NameOf) -> str:
    """Whose a frame is, if it is not the user's own: the package's name, or Python."""
    if cell_of(frame.filename):
        return ""
    if frame.filename.startswith("<frozen"):
        return "Python"
    path = Path(frame.filename)
    if path.suffix in _COMPILED and not path.exists():
        return path.parts[0]
    if path.is_relative_to(_OURS):
        return _OURS.name
    for folder in _PACKAGES:
        if path.is_relative_to(folder):
            return Path(path.relative_to(folder).parts[0]).stem
    return "Python" if path.is_relative_to(_STDLIB) else ""


def _packages() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    known = {paths["purelib"], paths["platlib"], site.getusersitepackages()}
    # `dist-packages` of a system's Python lies below the standard library's folder, and is asked for first.
    return tuple(Path(folder) for folder in sorted({*known, *_system_sites()}))


def _system_sites() -> list[str]:
    return site.getsitepackages() if hasattr(site, "getsitepackages") else []


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


_OURS = Path(__file__).parent
_PACKAGES = _packages()
_STDLIB = Path(sysconfig.get_paths()["stdlib"])
