"""The number that a running cell has in its notebook."""

from __future__ import annotations

from typing import Any


def cell_number(shell: Any) -> int | None:
    """The `n` of `In[n]` of the cell that runs; None outside of IPython.

    Of IPython 9 the shell counts further as a cell begins, and that of 8 as it ends. Its displayhook knows.
    """
    count = getattr(getattr(shell, "displayhook", None), "prompt_count", None)
    return count if isinstance(count, int) else None
