from __future__ import annotations

import ast
import warnings

from nbalert.parsing import parsed


def test_a_cell_is_parsed_without_a_word() -> None:
    """What Python warns of once stays warned of, and the parser's own warnings are the cell's to show."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for _ in range(3):
            warnings.warn("once", stacklevel=1)
            assert isinstance(parsed(r"pattern = '\d'"), ast.Module)
    assert [str(one.message) for one in told] == ["once"]


def test_what_is_no_python() -> None:
    """A magic, half a character, brackets without end."""
    assert [parsed(code) for code in ("%time x", "a\0", "(" * 1000)] == [None] * 3
