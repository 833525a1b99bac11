"""What IPython is about to run, compared with the code that was asked about.

A question is about code as it is written. Between it and what runs stand the transformers of other
extensions, whatever the order in which they were registered. So IPython itself is asked: the statements that
it runs one after the other are an argument of `run_ast_nodes`, a frame below the one that asks, after all
transformers of source and of syntax trees. They must be those that IPython alone, with nothing but this
extension, makes of the code.

Where that frame is not to be found (a task, a thread) and for the bodies of magics that run Python later,
such as `%%time`, the transformers are tried on the code instead.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.prefilter import PrefilterManager

from nbalert.question_marks import QuestionLine
from nbalert.stacking import DATA, SHELL, split, transform

_DISPLAYS_LAST = "last_expr_or_assign"


class RunningCode:
    """The code of a question, and what runs in its place.

    Args:
        shell: Runs it.
        code: As the question has it: the body of an `%%ask`, or a whole cell.
    """

    def __init__(self, shell: InteractiveShell, code: str) -> None:
        self._shell: Any = shell
        self._code = code
        self._frame = _runner()
        self._expected = self._dump(_parsed(self._alone(code)))

    def alteration(self) -> str:
        """Why what is about to run is not the code; empty if it is."""
        try:
            is_same = self._is_same()
        except Exception as error:  # another extension's transformer may raise anything
            return f"what is about to run cannot be told: {type(error).__name__}{self._by()}"
        return "" if is_same else f"what is about to run is not the code that was asked about{self._by()}"

    def _is_same(self) -> bool:
        if self._frame is None:
            return self._tried(self._code) == self._expected
        about_to_run = self._frame.f_locals["nodelist"]
        return self._dump(about_to_run) == self._expected and self._is_body_same(self._code)

    def _is_body_same(self, code: str) -> bool:
        """The same for what stands below a magic: it is text now, and transformed when the magic runs."""
        lines = split(code.splitlines(keepends=True)).rest
        if not lines or not lines[0].startswith("%%"):
            return True
        name = lines[0][2:].split(maxsplit=1)[0] if lines[0][2:].strip() else ""
        if name in SHELL | DATA:
            return True
        body = "".join(lines[1:])
        expected = self._alone(body)
        if self._shell.transform_cell(body) != expected:
            return False
        is_tree_same = not self._shell.ast_transformers or self._tried(body) == self._dump(_parsed(expected))
        return is_tree_same and self._is_body_same(body)

    def _alone(self, code: str) -> str:
        """The source that IPython makes of code with this extension alone."""
        manager: Any = TransformerManager()  # type: ignore[no-untyped-call]
        manager.cleanup_transforms.append(_ours)
        manager.token_transformers.append(QuestionLine)
        text: str = manager.transform_cell(code)
        if len(text.splitlines()) == 1:
            prefilter: Any = PrefilterManager(shell=self._shell, parent=self._shell)  # type: ignore[no-untyped-call]
            with self._shell.builtin_trap:
                text = prefilter.prefilter_lines(text) + "\n"
        return text

    def _tried(self, code: str) -> str:
        """What the shell as it is makes of code, as if it ran now."""
        tree = ast.parse(self._shell.transform_cell(code))
        return self._dump(self._shell.transform_ast(tree).body)

    def _dump(self, statements: Sequence[ast.stmt]) -> str:
        """Statements as a text, without their places and without the questions about this code."""
        kept = [one for one in statements if not self._asks(one)]
        if self._shell.ast_node_interactivity == _DISPLAYS_LAST and _shows_name(kept):
            kept.pop()  # IPython appends it
        return "\n".join(map(ast.dump, kept))

    def _asks(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr(value=ast.Call(func=func, args=[ast.Constant("ask"), _, ast.Constant(self._code)])):
                return ast.unparse(func) == "get_ipython().run_cell_magic"
        return False

    def _by(self) -> str:
        """Which transformers of others there are."""
        names = sorted(set(_foreign(self._shell)))
        return f": look at {', '.join(names)}, which can change cells" if names else ""


def _ours(lines: list[str]) -> list[str]:
    return transform(lines, lambda name, line: None)


def _runner() -> FrameType | None:
    """The frame in which IPython runs the innermost cell that this code is called from."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is InteractiveShell.run_ast_nodes.__code__ and "nodelist" in frame.f_locals:
            return frame
        frame = frame.f_back
    return None


def _shows_name(statements: Sequence[ast.stmt]) -> bool:
    match statements[-2:]:
        case [_, ast.Expr(value=ast.Name())]:
            return True
    return False


def _parsed(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def _foreign(shell: Any) -> Iterator[str]:
    """Names of the transformers that neither IPython nor this extension has brought."""
    manager, plain = shell.input_transformer_manager, TransformerManager()  # type: ignore[no-untyped-call]
    lists = ("cleanup_transforms", "line_transforms", "token_transformers")
    for name in lists:
        for one in getattr(manager, name):
            if one not in getattr(plain, name) and not _module(one).startswith("nbalert."):
                yield _name(one)
    post = (one for one in shell.input_transformers_post if not _module(one).startswith("nbalert."))
    yield from map(_name, (*post, *shell.ast_transformers))


def _module(transformer: Any) -> str:
    return str(getattr(transformer, "__module__", type(transformer).__module__))


def _name(transformer: Any) -> str:
    named = transformer if hasattr(transformer, "__qualname__") else type(transformer)
    return f"{_module(transformer)}.{named.__qualname__}"
