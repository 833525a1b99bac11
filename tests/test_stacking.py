from __future__ import annotations

import ast
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import TransformerManager

from nbalert.stacking import DATA, OVER, PYTHON, SHELL, body_start, split, transform


def check(name: str, line: str) -> None:
    """Knows one wrong option."""
    if "--wrong" in line:
        raise UsageError(f"%%{name}: unknown option --wrong")


def transformed(cell: str) -> str:
    """The cell after our transform alone."""
    return "".join(transform(cell.splitlines(keepends=True), check))


def ask(line: str, body: str) -> str:
    """The call that stands for `%%ask LINE` above a body."""
    return f"get_ipython().run_cell_magic('ask', {line!r}, {body!r})"


def magic(name: str, line: str, body: str) -> str:
    """What IPython makes of another cell magic."""
    return f"get_ipython().run_cell_magic({name!r}, {line!r}, {body!r})\n"


IPYTHON: Any = cast("Any", TransformerManager)()
MARK = "# nbalert: %%"
ASKED = ask("Q", "x\n") + "\n"

CELLS = {
    "an alert is a comment": ("%%alert -c a\nx = 1\n", f"{MARK}alert -c a\nx = 1\n"),
    "an alert without options": ("%%alert\nx\n", f"{MARK}alert\nx\n"),
    "an alert alone": ("%%alert\n", f"{MARK}alert\n"),
    "an ask is a call with its body": ('%%ask "Q?"\nx\n', ask('"Q?"', "x\n") + "\nx\n"),
    "an ask alone has an empty body": ("%%ask Q\n", ask("Q", "") + "\n"),
    "alert over ask": ("%%alert\n%%ask Q\nx\n", f"{MARK}alert\n{ASKED}x\n"),
    "ask over alert": ("%%ask Q\n%%alert\nx\n", f"{ASKED}{MARK}alert\nx\n"),
    "two asks": ("%%ask A\n%%ask B\nx\n", ask("A", "x\n") + "\n" + ask("B", "x\n") + "\nx\n"),
    "blank lines keep their number": ("%%alert\n\n%%ask Q\n\n\nx\n", f"{MARK}alert\n{ASKED}\n\n\nx\n"),
    "an indented body is moved to the left": ("%%alert\n  if x:\n    y\n", f"{MARK}alert\nif x:\n  y\n"),
    "an indented cell": ("  %%alert\n  x\n", f"{MARK}alert\nx\n"),
    "an indented ask below an alert": ("%%alert\n  %%ask Q\n  x\n", f"{MARK}alert\n{ASKED}x\n"),
    "prompts": (">>> %%alert\n>>> x\n", f"{MARK}alert\nx\n"),
    "prompts in the body": ("%%alert\nIn [1]: x\n   ...: y\n", f"{MARK}alert\nx\ny\n"),
    "a tab behind the name": ("%%alert\t-c a\nx\n", f"{MARK}alert -c a\nx\n"),
    "over a magic": ("%%alert\n%%time -x\ny\n", f"{MARK}alert\n" + magic("time", "-x", "y\n")),
    "over an unknown magic": ("%%alert\n%%foo\ny\n", f"{MARK}alert\n" + magic("foo", "", "y\n")),
    "below a magic": ("%%time\n%%alert\ny\n", f"{MARK}alert\n" + magic("time", "", "y\n")),
    "blank lines above a magic": ("%%alert\n\n%%sh\ny\n", f"{MARK}alert\n\n" + magic("sh", "", "y\n")),
    "help on a magic is left to IPython": ("%%alert\n%%time?\n", f"{MARK}alert\n%%time?\n"),
    "ask below two magics": (
        "%%time\n%%sh\n%%ask Q\ny\n",
        ask("Q", "%%time\n%%sh\ny\n") + "\n" + magic("time", "", "%%sh\ny\n"),
    ),
    "after a future import": (
        "%%ask Q\nfrom __future__ import annotations  # why\nx\n",
        f"{MARK}ask Q\nfrom __future__ import annotations; "
        + ask("Q", "from __future__ import annotations  # why\nx\n")
        + "  # why\nx\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "expected"), CELLS.values(), ids=CELLS)
def test_each_kind_of_cell_is_rewritten(cell: str, expected: str) -> None:
    """Each line of ours becomes the one line it should."""
    assert transformed(cell) == expected


UNTOUCHED = [
    "",
    "\n",
    "x = 1\n",
    "x %% y\n",
    "%%time\nx\n",
    "%%alerts\nx\n",
    "%%alert?\n",
    "%%ask?\n",
    "%alert hello\n",
    '%ask "Q"\nx\n',
    "# %%ask\nx\n",
    "x = 1\n%%alert\n",
    "x = '''\n%%ask Q\n'''\n",
    "%%foo\n%%alert\nx\n",
    "%%foo\ntext with %%ask in it\n",
    "%%sh\necho\n%%alert\n",
    "%%time\nx = '''\n%%ask\n'''\n",
    "%%time\n%%writefile f\n%%ask Q\n",
    *(f"%%{name} f\n%%ask Q\n%%alert\nx\n" for name in sorted(DATA)),
]


@pytest.mark.parametrize("cell", UNTOUCHED)
def test_other_cells_are_left_as_they_are(cell: str) -> None:
    """A cell without our magics, and the text of a magic that keeps text, is not touched."""
    lines = cell.splitlines(keepends=True)
    assert transform(lines, check) is lines


@pytest.mark.parametrize("name", sorted(OVER))
def test_an_ask_is_lifted_above_the_magics_that_run_code(name: str) -> None:
    """Below them, with blank lines or indented, it is asked first, and about all that will run."""
    for between in ("", "\n", "\n\n  "):
        first, second = transformed(f"%%{name} o\n{between}%%ask Q\nbody\n").splitlines()[:2]
        shown = f"%%{name} o\n{between.rstrip(' ')}body\n"
        assert first == ask("Q", shown)
        assert second.startswith(f"get_ipython().run_cell_magic({name!r}, 'o', ")


UNASKED = {
    "below an unknown magic": "%%foo\n%%ask Q\nx\n",
    "below an unknown one below a known one": "%%time\n%%foo\n%%ask Q\nx\n",
    "below a data magic that is shell text": "%%bash\n%%html\n%%ask Q\nx\n",
    "below an alert and an unknown magic": "%%alert\n%%foo\n%%ask Q\nx\n",
    "below a magic without a name": "%%\n%%ask Q\nx\n",
    "below a longer name": "%%time-it\n%%ask Q\nx\n",
    "with code below its help": "%%ask?\nx\n",
    "with code below its source": "%%ask??\n\nx\n",
    "below the help of another": "%%time?\n%%ask Q\nx\n",
    **{f"amid the text of {name}": f"%%{name}\n# c\n  %%ask Q\nx\n" for name in sorted(SHELL)},
}


@pytest.mark.parametrize("cell", UNASKED.values(), ids=UNASKED)
def test_an_ask_that_would_not_be_asked_is_refused(cell: str) -> None:
    """Left alone it would be text of another language, and the code would run."""
    with pytest.raises(UsageError, match="%%ask"):
        transformed(cell)


@pytest.mark.parametrize(
    "cell", ["%%alert --wrong\nx\n", "%%time\n%%ask --wrong\nx\n", "%%alert\n%%ask --wrong\n"]
)
def test_a_wrong_option_is_a_syntax_error(cell: str) -> None:
    """What `check` raises reaches IPython as it is."""
    with pytest.raises(UsageError, match="unknown option --wrong"):
        transformed(cell)


def test_two_alerts_are_refused() -> None:
    """One of them would be dropped in silence."""
    with pytest.raises(UsageError, match="one %%alert"):
        transformed("%%alert -c a\n%%time\n%%alert -c b\nx\n")


FUTURES = {
    "one": ("from __future__ import annotations", "; ASK\n"),
    "two lines": ("from __future__ import annotations\nfrom __future__ import division", "; ASK\n"),
    "a docstring": ('"""Doc."""\nfrom __future__ import annotations', "; ASK\n"),
    "a long docstring": ('"""Doc\n\nmore."""\n\n# c\nfrom __future__ import annotations', "; ASK\n"),
    "brackets": ("from __future__ import (\n    annotations,  # a\n)", "; ASK\n"),
    "a backslash": ("from __future__ import \\\n    annotations", "; ASK\n"),
    "code on the same line": ("from __future__ import annotations; launch()", "; ASK; launch()\n"),
    "letters of two bytes": ('"""ü"""; from __future__ import annotations', None),
    "code above": ("launch()\nfrom __future__ import annotations", None),
    "a formatted string above": ('f"{launch()}"\nfrom __future__ import annotations', None),
    "joined with a formatted string": ('"a" f"{launch()}"\nfrom __future__ import annotations', None),
    "a string of another kind": ('x = """\nfrom __future__ import annotations\n"""', None),
    "broken": ("from __future__ import (annotations", None),
    "another module": ("from .__future__ import launch", None),
}


@pytest.mark.parametrize(("body", "tail"), FUTURES.values(), ids=FUTURES)
def test_the_call_stands_behind_future_imports_and_before_all_else(body: str, tail: str | None) -> None:
    """Only a docstring and imports from `__future__` may stand before the question."""
    body += "\nlaunch()\n"
    out = transformed(f"%%ask Q\n{body}")
    call = ask("Q", body)
    assert out.count("run_cell_magic('ask'") == 1
    if tail is None:
        assert out == f"{call}\n{body}"
    else:
        assert tail.replace("ASK", call) in out
        for statement in ast.parse(out[: out.index(call)]).body:
            assert isinstance(statement, ast.Expr | ast.ImportFrom)


def test_a_future_import_above_ipython_syntax_is_found() -> None:
    """The rest of the cell need not be Python."""
    out = transformed("%%ask Q\nfrom __future__ import annotations\n!ls\n%time x\n")
    assert out.splitlines()[1].startswith("from __future__ import annotations; get_ipython()")


@pytest.mark.parametrize(
    ("cell", "others", "body"),
    [
        ("%%alert\nx", (), "x"),
        ("%%time\n%%alert\nx\n", ("time",), "%%time\nx\n"),
        ("\n%%alert\n\n%%capture o\n%%ask Q\nx\n", ("capture",), "%%capture o\nx\n"),
        ("%%alert", (), ""),
    ],
)
def test_split_takes_a_cell_apart(cell: str, others: tuple[str, ...], body: str) -> None:
    """The body is the cell without our lines, the other magics in order."""
    stack = split(cell.splitlines(keepends=True))
    assert (stack.others, stack.body, stack.alert_line) == (others, body, "")


def test_split_names_the_lines_of_both_magics() -> None:
    """Options are handed on as written."""
    stack = split(['%%alert -t "a  b" \n', "%%ask  Q?\n", "%%ask R\n", "x"])
    assert (stack.alert_line, stack.ask_lines) == ('-t "a  b"', ("Q?", "R"))
    assert split(["x\n"]).alert_line is None


@pytest.mark.parametrize(
    ("cell", "start"),
    [
        ("%%alert\nls\n", 1),
        ("\n%%ask Q\n\nls\n", 2),
        ("%%alert\n", 1),
        ("ls\n", 0),
        ("# %%alert\nls\n", 0),
        ("", 0),
    ],
)
def test_body_start_counts_our_header(cell: str, start: int) -> None:
    """A header is recognised after the transform; a commented magic is no header."""
    assert body_start(transform(cell.splitlines(keepends=True), check)) == start


# ---- properties

ours = st.sampled_from(["%%alert -c a\n", '%%ask "Drop?"\n', "%%ask\n"])
gap = st.sampled_from(["", "\n", "  \n"])
code = st.lists(
    st.sampled_from(["x = 1\n", "  y\n", "# c\n", "\n", "!ls\n", "%time z\n", "'''\n", "launch(\n"]),
    max_size=6,
)
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


def header(parts: list[tuple[str, str]]) -> list[str]:
    """Our lines and the gaps below them, `%%alert` at most once."""
    kept, alerts = [], 0
    for line, below in parts:
        alerts += line.startswith("%%alert")
        if alerts < 2 or line.startswith("%%ask"):
            kept += [line, below] if below else [line]
    return kept


stacks = st.lists(st.tuples(ours, gap), min_size=1, max_size=4).map(header)


@given(stacks, code)
def test_one_line_in_one_line_out(head: list[str], below: list[str]) -> None:
    """Line numbers in tracebacks are those of the editor; each line of code stays in its place."""
    body = ["first\n", *below]
    out = transform([*head, *body], check)
    assert len(out) == len(head) + len(body)
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in out)
    assert out[len(head)] == "first\n"


@given(stacks, code)
def test_the_transform_is_pure_and_settles_at_once(head: list[str], below: list[str]) -> None:
    """IPython transforms a cell more than once: same in, same out, and its own output is left alone."""
    lines = [*head, "first\n", *below]
    before = list(lines)
    once = transform(lines, check)
    assert lines == before
    assert transform(lines, check) == once
    assert transform(once, check) is once


@given(text)
def test_text_without_our_magics_is_returned_as_it_is(cell: str) -> None:
    """Whatever stands in it."""
    lines = cell.splitlines(keepends=True)
    assert transform(lines, check) is lines


@given(st.sampled_from(sorted(PYTHON | {"foo", "foo.bar"})), gap, text, text)
def test_nothing_runs_before_the_question(name: str, between: str, line: str, body: str) -> None:
    """Below any magic an `%%ask` is the first thing that runs, or the cell does not run at all."""
    cell = f"%%{name}\n{between}%%ask {' '.join(line.split())}\n{body}\n"
    try:
        out = IPYTHON.transform_cell(transformed(cell))
    except UsageError:
        return
    assert out.startswith("get_ipython().run_cell_magic('ask', ")
