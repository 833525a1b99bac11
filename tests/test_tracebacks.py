from __future__ import annotations

import json
import linecache
from typing import Any

import pandas as pd
import pytest

from nbalert.tracebacks import DEPTH, FRAMES, GROUP, readable

CELL = "cell-1"


def raised(source: str, **names: Any) -> BaseException:
    """What a cell with this source raises."""
    lines = source.strip("\n").splitlines(keepends=True)
    linecache.cache[CELL] = (len(source), None, lines, CELL)
    try:
        exec(compile("".join(lines), CELL, "exec"), names)
    except BaseException as error:
        return error
    raise AssertionError("it raises nothing")


def story(source: str, **names: Any) -> list[str]:
    """The lines that a chat gets."""
    return readable(raised(source, **names), lambda file: "Cell In[3]" if file == CELL else "").splitlines()


def test_the_exception_first_then_the_failing_line_with_its_neighbours() -> None:
    """The reader sees what went wrong, then where in the cell, most recent call first."""
    assert story("""
def train(data):
    a = 1
    b = 2
    return data["price"]
    c = 3

train({})
""") == [
        "KeyError: 'price'",
        "most recent call first:",
        "  Cell In[3], line 4, in train",
        "    2 |     a = 1",
        "    3 |     b = 2",
        '  → 4 |     return data["price"]',
        "    5 |     c = 3",
        "    6 | ",
        "  Cell In[3], line 7",
        "    5 |     c = 3",
        "    6 | ",
        "  → 7 | train({})",
    ]


def test_compiled_frames_are_their_library_s() -> None:
    """Those of Cython have no file: they are folded as the others are."""
    lines = story("frame['b']", frame=pd.DataFrame({"a": [1]}))
    assert lines[0] == "KeyError: 'b'"
    assert sum("frames in pandas …" in line for line in lines) == 2
    assert not [line for line in lines if "pandas/" in line]


def test_frames_of_libraries_are_folded_and_what_called_the_cell_is_left_out() -> None:
    """Between the exception and the cell one line says how many frames of whom there are."""
    lines = story("json.loads('{')", json=json)
    assert lines[0].startswith("json.decoder.JSONDecodeError: Expecting property name")
    assert lines[1:] == [
        "most recent call first:",
        "  … 3 frames in Python …",
        "  Cell In[3], line 1",
        "  → 1 | json.loads('{')",
    ]

    def validate() -> None:
        pytest.importorskip("pytest", minversion="999")

    assert any(line.startswith("  … 1 frame in") for line in story("validate()", validate=validate))


def test_a_recursion_is_one_frame() -> None:
    """A thousand equal frames are one, and their number; many others are cut in the middle."""
    lines = story("""
def f(n):
    return f(n - 1) if n else 1 / 0
f(500)
""")
    assert "    … 499 more times …" in lines or "    … 500 more times …" in lines
    calls = "\n".join(f"def f{n}(): f{n + 1}()" for n in range(30))
    assert f"  … {32 - FRAMES} frames left out …" in story(f"{calls}\ndef f30(): 1 / 0\nf0()")


def test_causes_and_contexts_follow() -> None:
    """`from` and what was being handled; not where it was suppressed, and not without end."""
    cause = "try:\n    1 / 0\nexcept Exception as error:\n    raise KeyError(1){}"
    assert any(line.startswith("caused by ZeroDivisionError") for line in story(cause.format(" from error")))
    assert any(line.startswith("while handling ZeroDivisionError") for line in story(cause.format("")))
    assert not any("ZeroDivisionError" in line for line in story(cause.format(" from None")))
    chain = """
error = ValueError(0)
for n in range(50):
    new = ValueError(n); new.__cause__ = error; error = new
raise error
"""
    assert sum(line.startswith("caused by") for line in story(chain)) == DEPTH


def test_groups_show_their_members() -> None:
    """Each member with its own frames, groups in groups too; of very many the first ones."""
    lines = story("raise ExceptionGroup('two', [ValueError(1), ExceptionGroup('in', [OSError('disk')])])")
    assert lines[0] == "ExceptionGroup: two (2 sub-exceptions)"
    assert lines[-3:] == [
        "  [1] ValueError: 1",
        "  [2] ExceptionGroup: in (1 sub-exception)",
        "    [1] OSError: disk",
    ]
    lines = story("raise ExceptionGroup('many', [ValueError(n) for n in range(99)])")
    assert lines[-1] == f"  … {99 - GROUP} more exceptions …"


def test_a_syntax_error_shows_the_line_that_it_is_about() -> None:
    """What Python says last comes first; notes follow what they are about."""
    lines = story("compile('x = (', 'config.py', 'exec')")
    assert lines[0] == "SyntaxError: '(' was never closed"
    assert "    x = (" in [line[2:] for line in lines]
    assert story("e = ValueError('no'); e.add_note('row 7'); raise e")[:2] == ["ValueError: no", "  row 7"]


def test_an_exception_that_cannot_speak() -> None:
    """Its `__str__` is code of the user."""
    source = "class Mute(Exception):\n    def __str__(self): raise OSError\nraise Mute"
    assert story(source)[0].endswith("Mute: <exception str() failed>")
