"""In a plain shell: a probe in the cell compares what is about to run with some code."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from nbalert.running_code import RunningCode

SAME = ""


def asked(shell: Any, cell: str) -> str:
    """What an `%%ask` on top of a cell, or an `%ask` in it, is told of an alteration."""
    told: list[str] = []

    def probe(line: str, body: str | None = None) -> None:
        code = shell.magics_manager.registry["nbalert"].watcher.current_source if body is None else body
        told.append(RunningCode(shell, code).alteration())
        raise InterruptedError("nothing of these cells is to run")

    shell.register_magic_function(probe, "line_cell", "ask")
    shell.run_cell(cell)
    (answer,) = told
    return answer


CELLS = {
    "plain": "%%ask Q\nx = 1\nprint(x)\n",
    "below an alert": "%%alert\n%%ask Q\n\nx = 1",
    "two questions": "%%ask Q\n%%ask R\nx",
    "automagic": "%%ask Q\nls -l",
    "a magic": "%%ask Q\nx = %pwd\n!ls\nlen?",
    "shown as a value": "%%ask Q\nx;",
    "indented, with a prompt": "%%ask Q\n    >>> x = 1\n    >>> y",
    "top-level await": "%%ask Q\nimport asyncio\nawait asyncio.sleep(0)",
    "futures first": "%%ask Q\n'''Doc.'''\nfrom __future__ import annotations\nx: y = 1",
    "timed": "%%time\n%%ask Q\nx = %pwd",
    "timed and captured": "%%ask Q\n%%capture\n%%time\nx = %pwd",
    "a shell's": "%%ask Q\n%%bash\nif x; then y; fi",
    "a text": "%%ask Q\n%%writefile f\nx = = 1",
    "in the midst": "a = 1\nd = %ask Sure?\nb = 2",
    "in a function": "def f():\n  %ask Sure?\nf()",
    "in a timed cell": "%%time\n%ask Sure?\nb = 2",
    "in a captured cell": "%%capture\n%ask Sure?\nb = 2",
    "in a coroutine": "async def f():\n  %ask Sure?\nawait f()",
    "in a thread": "import threading as t\ndef f():\n  %ask S?\nx = t.Thread(target=f)\nx.start(); x.join()",
}  # fmt: skip


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_runs_is_what_is_written(shell: Any, cell: str) -> None:
    """Whatever IPython makes of a cell by itself is no alteration."""
    assert asked(shell, cell) == SAME


@pytest.mark.parametrize("mode", ["all", "last", "last_expr", "last_expr_or_assign", "none"])
def test_what_is_displayed_is_no_matter(shell: Any, mode: str) -> None:
    """IPython may append a statement to show the last value."""
    shell.ast_node_interactivity = mode
    try:
        assert asked(shell, "%%ask Q\nx = 1") == SAME
    finally:
        shell.ast_node_interactivity = "last_expr"


def swap(lines: list[str]) -> list[str]:
    """Another extension's transformer of source."""
    return ["drop()\n" if line.strip() == "keep()" else line for line in lines]


class Swap(ast.NodeTransformer):
    """Another extension's transformer of trees."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """One name is taken for another."""
        return ast.Name("drop", node.ctx) if node.id == "keep" else node


ALTERED = {
    "ask": "%%ask Q\nkeep()",
    "ask with futures": "%%ask Q\nfrom __future__ import annotations\nkeep()",
    "timed": "%%ask Q\n%%time\nkeep()",
    "captured": "%%capture\n%%ask Q\n\nkeep()",
    "in the midst": "%ask Sure?\nkeep()",
    "in a function": "def f():\n  %ask Sure?\nf()\nkeep()",
    "in a timed cell": "%%time\n%ask Sure?\nkeep()",
    "in a thread": CELLS["in a thread"] + "\nkeep()",
}


@pytest.mark.parametrize("cell", ALTERED.values(), ids=ALTERED)
@pytest.mark.parametrize("kind", ["source", "source, early", "tree"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_another_extension_that_changes_the_code(shell: Any, cell: str, kind: str) -> None:
    """It is found out by what is about to run, and named; once it is gone the cell is as written again."""
    where, what = {
        "source": (shell.input_transformers_post, swap),
        "source, early": (shell.input_transformers_cleanup, swap),
        "tree": (shell.ast_transformers, Swap()),
    }[kind]
    where.append(what)
    try:
        told = asked(shell, cell)
    finally:
        where.remove(what)
    assert told.startswith("what is about to run is not the code that was asked about: look at ")
    assert f"{__name__}.{'Swap' if kind == 'tree' else 'swap'}, which can change cells" in told
    assert asked(shell, cell) == SAME


@pytest.mark.parametrize("cell", ["%%ask Q\nother()", "%%ask Q\n%%time\nother()", "%ask Sure?\nother()"])
def test_another_extension_that_leaves_the_code_alone(shell: Any, cell: str) -> None:
    """Transformers that do not change this cell do not hold it up."""
    shell.input_transformers_post.append(swap)
    shell.ast_transformers.append(Swap())
    try:
        assert asked(shell, cell) == SAME
    finally:
        shell.input_transformers_post.remove(swap)
        shell.ast_transformers.clear()


def test_a_tree_that_is_changed_later(shell: Any) -> None:
    """Between the question and the body another task may have its hands on the statements."""
    told: list[str] = []

    def probe(line: str, body: str) -> None:
        running = RunningCode(shell, body)
        told.append(running.alteration())
        assert running._frame is not None
        running._frame.f_locals["nodelist"][-1].value = ast.Constant(2)
        told.append(running.alteration())
        raise InterruptedError("enough")

    shell.register_magic_function(probe, "cell", "ask")
    shell.run_cell("%%ask Q\nx = 1")
    assert told == [SAME, "what is about to run is not the code that was asked about"]
