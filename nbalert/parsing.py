"""Python's parser, without the warnings that it gives of a cell: those are shown when the cell is compiled.

No filter is touched for it. That would have Python forget what it has warned of once, and warn of it again.
"""

from __future__ import annotations

import ast
import threading
import warnings

_swap = threading.Lock()


def parsed(code: str) -> ast.Module | None:
    """The syntax tree; None of what is no Python."""
    with _swap:
        show, warnings.showwarning = warnings.showwarning, _say_nothing
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError):
            return None
        finally:
            warnings.showwarning = show


def _say_nothing(*told: object, **more: object) -> None:
    """In place of what shows a warning."""
